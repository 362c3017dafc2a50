"""Pub/sub and keyspace events: what every connection gets, as the real server of the same version sends it."""

import re
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from subprocess import PIPE, Popen

import pytest
import redis
from differential.resp import Part, parse
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS
from support.simulated import Client, SimulatedServer, request
from typing_extensions import Self

NUMBERS = 1000
PLAIN = """
1> SUBSCRIBE a b; 1> SUBSCRIBE a; 2> PUBLISH a hello; 2> PUBLISH nobody hello; 1> PSUBSCRIBE h?llo; 2> PUBLISH hello x
2> PUBLISH hallo x; 2> PUBLISH heello x; 1> GET a; 1> NONSENSE; 1> GET; 1> PING; 1> PING x; 1> PING x y
1> CONFIG GET maxmemory; 1> XGROUP CREATE a b $; 1> MULTI; 1> DISCARD; 1> ECHO x; 2> PUBSUB CHANNELS a*; 1> HELLO 2
2> PUBSUB NUMSUB a b c; 2> PUBSUB NUMPAT; 3> PSUBSCRIBE h?llo; 2> PUBSUB NUMPAT; 2> PUBLISH hello y; 1> UNSUBSCRIBE b
1> UNSUBSCRIBE; 1> PUNSUBSCRIBE; 1> GET a; 1> UNSUBSCRIBE; 1> PUNSUBSCRIBE; 1> UNSUBSCRIBE x; 1> PUNSUBSCRIBE x
1> PING; 1> SUBSCRIBE; 1> PSUBSCRIBE; 1> PUBLISH a; 1> PUBLISH a b c; 1> PUBSUB; 1> PUBSUB CHANNELS a b
1> PUBSUB CHANNELS x*; 1> PUBSUB NUMSUB; 1> PUBSUB NUMPAT x; 1> PUBSUB NONSENSE; 1> PUBSUB HELP; 1> SUBSCRIBE q
1> RESET; 1> PUBLISH q x; 1> SUBSCRIBE q; 1> QUIT; 2> PUBLISH q x
"""
SHARDS = """
1> SSUBSCRIBE a; 1> SUBSCRIBE a; 2> SPUBLISH a x; 2> PUBLISH a x; 1> SPUBLISH a x; 2> PUBSUB SHARDCHANNELS
2> PUBSUB SHARDCHANNELS b*; 2> PUBSUB SHARDCHANNELS a b; 2> PUBSUB SHARDNUMSUB a b; 2> PUBSUB SHARDNUMSUB
1> UNSUBSCRIBE; 1> GET a; 1> SUNSUBSCRIBE x; 1> SUNSUBSCRIBE; 1> SUNSUBSCRIBE; 1> GET a; 1> SSUBSCRIBE a; 1> RESET
2> SPUBLISH a x; 1> SSUBSCRIBE; 1> SPUBLISH a
"""
TO_ITSELF = """
1> SUBSCRIBE a b; 1> PUBLISH a x; 1> PING; 1> PING y; 1> GET a; 1> MULTI; 1> PUBLISH a x; 1> PING; 1> PUBLISH b y
1> EXEC; 1> EVAL "redis.call('publish','a','b') return 5" 0; 1> MULTI
1> EVAL "redis.call('publish','a','b') return 5" 0; 1> PING; 1> SUBSCRIBE z; 1> PUBLISH z 1; 1> UNSUBSCRIBE z; 1> EXEC
1> CONFIG SET notify-keyspace-events KA; 1> PSUBSCRIBE __key*; 1> SET k v; 1> XADD st 1-1 a b; 1> MULTI; 1> SET k v
1> PING; 1> XADD st 1-2 a b; 1> LPUSH l a; 1> EXEC; 1> CLIENT TRACKING ON; 1> GET k; 1> SET k v
1> CLIENT TRACKING OFF; 1> PUBSUB NUMSUB a; 1> HELLO 2; 1> GET k; 1> PUNSUBSCRIBE; 1> UNSUBSCRIBE a; 1> UNSUBSCRIBE
1> GET k
"""
IN_TRANSACTIONS = """
1> MULTI; 1> SUBSCRIBE x y; 1> PUBLISH x 1; 1> SET k v; 1> PING; 1> UNSUBSCRIBE x; 1> EXEC; 1> GET k; 1> UNSUBSCRIBE
1> MULTI; 1> SSUBSCRIBE x; 1> EXEC; 1> MULTI; 1> PUBLISH a b; 1> EXEC; 1> MULTI; 1> SUBSCRIBE t; 1> DISCARD; 1> GET k
1> EVAL "return redis.call('publish','a','b')" 0
"""
SILENT = """
1> CLIENT REPLY OFF; 1> SUBSCRIBE silent; 2> PUBLISH silent x; 1> PUBLISH silent y; 1> UNSUBSCRIBE
3> CLIENT REPLY SKIP; 3> SUBSCRIBE silent quiet; 2> PUBLISH silent x; 3> UNSUBSCRIBE quiet; 3> PING
4> SUBSCRIBE silent; 4> CLIENT REPLY SKIP; 2> PUBLISH silent x; 4> PING
"""
RESTRICTED = """
2> ACL SETUSER u on >p ~* +@all resetchannels &a &p*; 1> AUTH u p; 1> PUBLISH a x; 1> PUBLISH b x; 1> SUBSCRIBE a b
1> SUBSCRIBE b; 1> PSUBSCRIBE p*; 1> PUNSUBSCRIBE; 1> PSUBSCRIBE *; 1> SSUBSCRIBE b; 1> SPUBLISH b x; 1> SUBSCRIBE a
2> ACL SETUSER u resetchannels &a; 2> PUBSUB NUMSUB a; 2> ACL SETUSER u resetchannels &b; 2> PUBSUB NUMSUB a
3> AUTH u p; 3> EVAL "return redis.call('publish','z','x')" 0; 3> MULTI; 3> PUBLISH z x; 3> EXEC
"""
KILLED = """
1> SUBSCRIBE a; 2> CLIENT KILL TYPE pubsub; 2> PUBSUB NUMSUB a; 3> SUBSCRIBE a; 2> CLIENT KILL TYPE replica
2> PUBLISH a x
"""
REFUSING = """
1> SUBSCRIBE a; 2> REPLICAOF 127.0.0.1 1; 2> PUBLISH a x; 1> SET a b; 3> SUBSCRIBE a; 2> REPLICAOF NO ONE
2> CONFIG SET maxmemory 1; 2> SUBSCRIBE zz; 1> SET a b; 4> CONFIG SET maxmemory 0
"""
SETTINGS = [
    *("KEA", "AKE", "", "KE", "Kg$lshzxet", "Kg$lshzxetd", "m", "KEm", "KEAm", "KEAmn", "nmtdEK", "oc", "KEAocmn"),
    *("gocK", "kea", "q", "K E", "gg", "tE", "S", "I", "r", "a"),
]

STRINGS = """
SET a 1; SET a 2; SET a 3 EX 100; SET a 3 PX 100000; SET a 3 KEEPTTL; SET a 3 EXAT 99999999999; SET a 3 NX; SET b 3 XX
SET a 4 GET; SET a5 5 GET; SET a6 5 XX GET; GETSET a 5; GETSET new 5; SETNX a 1; SETNX a1 1; SETEX a 100 1
PSETEX a 100000 1; GETEX a EX 100; GETEX a PERSIST; GETEX a PERSIST; GETEX a EXAT 1; GETEX a; SET a 1; GETDEL a
GETDEL a; MSET a 1 b 2; MSETNX a 1 c 2; MSETNX c 1 d 2; MSETEX 2 e 1 f 2 EX 100; MSETEX 2 e 1 f 2; APPEND a 12
APPEND ap 12; SETRANGE a 1 xx; SETRANGE sr 1 xx; SETRANGE sr 0 ""; INCR n; INCR n; DECR n; INCRBY n 5; DECRBY n 5
INCRBYFLOAT n 0.5; INCR a; SETBIT bits 3 1; SETBIT bits 3 1; BITFIELD bits SET u8 0 3; BITFIELD bits GET u8 0
BITFIELD no GET u8 0; BITFIELD bits INCRBY u8 0 3 SET u8 4 2; BITFIELD bf INCRBY u8 0 3; BITOP NOT bt bits
BITOP AND bt bits nobits; BITOP AND bt nobits nobits2; BITOP AND bt nobits nobits2; MGET a no no2; STRLEN no
GETRANGE no 0 1; GETBIT no 1; BITCOUNT no; DELEX no; SET a v; DELEX a IFEQ x; DELEX a IFEQ v; LCS no no2; SET a 1
SADD a 1; LPUSH l a; SET l 1
"""
KEYS = """
SET n 1; EXPIRE n 100; PEXPIRE n 100000; EXPIREAT n 99999999999; PEXPIREAT n 9999999999900; PERSIST n; PERSIST n
EXPIRE n -1; EXPIRE n 100; SET n 1 EX 100; EXPIRE n 0; SET n 1; PEXPIREAT n 1; SET a 1; SET c 1; DEL a b nokey
UNLINK c d; SET e 1; RENAME e e2; RENAME e2 f; RENAMENX f f2; RENAMENX nokey f2; RENAME f2 f2; LPUSH p 1
RENAMENX f2 p; RENAME f2 p; COPY p q; COPY p q; COPY p q REPLACE; SET s 1; COPY p s REPLACE; COPY no q; COPY p q DB 1
COPY p q DB 1 REPLACE; MOVE p 1; MOVE q 1; SELECT 1; SET in1 x; SELECT 0; SWAPDB 0 1; SWAPDB 0 1; TOUCH q no
EXISTS no q; TYPE no; TTL no; OBJECT ENCODING no; WATCH no; KEYS no;
EVAL "redis.call('set','a','b') redis.call('del','a') return 1" 0; MULTI; SET a b; GET no; DEL a; EXEC
"""
LISTS = """
LPUSH l a b c; RPUSH l a b c; LPUSHX l a; RPUSHX l a; LPUSHX nol a; LSET l 0 z; LINSERT l BEFORE z y
LINSERT l BEFORE nope y; LREM l 1 y; LREM l 1 nope; LTRIM l 0 100; LTRIM l 0 4; LPOP l; RPOP l; LPOP l 2; LPOP l 0
RPUSH l x; RPOPLPUSH l l2; RPOPLPUSH l2 l2; LMOVE l2 l LEFT RIGHT; LMOVE l l LEFT RIGHT; LMPOP 2 nol l LEFT COUNT 1
RPUSH l 1 2 3; BLPOP l 0; BRPOP l 0; RPUSH l x; BLMOVE l l3 LEFT LEFT 1; RPUSH l3 x; BRPOPLPUSH l3 l4 0
BLMPOP 0 1 l4 LEFT; DEL l; RPUSH l 1; LREM l 0 1; RPUSH l 1; LTRIM l 1 0; RPUSH l 1 2; LMPOP 1 l LEFT COUNT 5; LLEN no
LRANGE no 0 1; LINDEX no 0; LPOS no a; LPOP no
"""
SETS = """
SADD s a b c; SADD s a; SREM s a; SREM s nope; SMOVE s s2 b; SMOVE s s2 nope; SMOVE s s c; SADD s2 c; SMOVE s s2 c
SADD s x; SPOP s; SADD s x; SPOP s 0; SPOP s 10; SADD s x y z; SREM s x y z; SADD s x y z; SADD s3 x y
SINTERSTORE d1 s s3; SINTERSTORE d1 s nos; SINTERSTORE d1 s nos; SUNIONSTORE d1 s s3; SUNIONSTORE d1 s s3
SDIFFSTORE d1 s s3; SDIFFSTORE d1 nos s3; SUNIONSTORE d1 nos; SET d2 x; SUNIONSTORE d2 s; SINTER no no2; SUNION no no2
SCARD no; SMEMBERS no; SISMEMBER no a; SRANDMEMBER no; SPOP no; SSCAN no 0
"""
SORTED_SETS = """
ZADD z 1 a 2 b; ZADD z 1 a; ZADD z 3 a; ZADD z INCR 3 a; ZADD z NX 3 a; ZADD z XX 3 nope; ZINCRBY z 1 a; ZINCRBY z 0 a
ZREM z a; ZREM z nope; ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g; ZREMRANGEBYRANK z 0 0; ZREMRANGEBYSCORE z 2 2
ZREMRANGEBYLEX z - (a; ZREMRANGEBYLEX z [c [c; ZPOPMIN z; ZPOPMAX z; ZPOPMAX z 0; BZPOPMIN z 0; BZPOPMAX z 0
ZADD z 1 a 2 b 3 c; ZMPOP 1 z MIN COUNT 2; BZMPOP 0 1 z MAX; ZADD z 1 a 2 b 3 c; ZADD z2 1 a 2 b
ZUNIONSTORE zd 2 z z2; ZINTERSTORE zd 2 z z2; ZDIFFSTORE zd 2 z z2; ZDIFFSTORE zd 2 z2 z; ZDIFFSTORE zd 2 z2 z
ZINTERSTORE zd 2 z noz; ZRANGESTORE zr z 0 -1; ZRANGESTORE zr z 10 20; ZREM z a b c; ZADD z 1 a
ZREMRANGEBYRANK z 0 -1; ZADD z 1 a; ZPOPMIN z 5; ZCARD no; ZSCORE no a; ZRANK no a; ZRANGE no 0 1; ZUNION 2 no no2
ZRANGESTORE d no 0 1; ZPOPMIN no
"""
HASHES = """
HSET h a 1 b 2; HSET h a 1; HMSET h a 1; HSETNX h a 1; HSETNX h c 1; HINCRBY h a 1; HINCRBYFLOAT h a 0.5; HDEL h a
HDEL h nope; HDEL h b c; HSET h a 1 b 2 c 3 d 4 e 5 f 6; HEXPIRE h 100 FIELDS 1 a; HEXPIRE h 100 FIELDS 1 nope
HPEXPIRE h 100000 FIELDS 2 a b; HEXPIREAT h 99999999999 FIELDS 1 a; HPERSIST h FIELDS 1 a; HPERSIST h FIELDS 1 a
HEXPIRE h 0 FIELDS 1 a; HEXPIRE h 0 NX FIELDS 1 b; HSETEX h EX 100 FIELDS 1 c 1; HSETEX h FIELDS 1 c 1
HSETEX h EXAT 1 FIELDS 1 c 1; HGETEX h EX 100 FIELDS 1 d; HGETEX h PERSIST FIELDS 1 d; HGETEX h EXAT 1 FIELDS 1 d
HGETEX h FIELDS 1 e; HGETDEL h FIELDS 1 e; HGETDEL h FIELDS 1 nope; HGETDEL h FIELDS 2 b f; HSET h a 1
HEXPIRE h 0 FIELDS 1 a; HSET h a 1; HGETEX h EXAT 1 FIELDS 1 a; HSETEX h EXAT 1 FIELDS 1 a 1; HGET no a; HMGET no a
HGETALL no; HLEN no; HTTL no FIELDS 1 a; HGETDEL no FIELDS 1 a
"""
STREAMS = """
XADD x 1-1 a b; XADD x 1-2 a b; XADD x NOMKSTREAM 1-3 a b; XADD nox NOMKSTREAM 1-3 a b; XADD x MAXLEN 3 1-4 a b
XADD x MAXLEN 2 1-5 a b; XADD x MAXLEN ~ 2 1-6 a b; XADD x 1-1 a b; XTRIM x MAXLEN 10; XTRIM x MAXLEN 2
XTRIM x MINID 1-6; XDEL x 1-1; XADD x 2-1 a b; XADD x 2-2 a b; XADD x 2-3 a b; XDEL x 1-6 2-1; XSETID x 3-0
XSETID x 3-0 ENTRIESADDED 10 MAXDELETEDID 1-0; XGROUP CREATE x g 0; XGROUP CREATE x g 0; XGROUP CREATE mk g 0 MKSTREAM
XGROUP SETID x g 0; XGROUP CREATECONSUMER x g c; XGROUP CREATECONSUMER x g c; XREADGROUP GROUP g c STREAMS x >
XREADGROUP GROUP g c2 STREAMS x >; XREADGROUP GROUP g c3 STREAMS x 0; XREADGROUP GROUP g c STREAMS x 0; XADD x 4-1 a b
XADD x 4-2 a b; XADD x 4-3 a b; XREADGROUP GROUP g c4 COUNT 1 STREAMS x >
XREADGROUP GROUP g c5 COUNT 1 NOACK STREAMS x >; XACK x g 4-1; XACK x g 4-1; XCLAIM x g c6 0 2-2
XCLAIM x g c7 999999 2-2; XCLAIM x g c8 0 99-1; XCLAIM x g c9 0 4-3 FORCE; XCLAIM x g c6 0 2-2 JUSTID
XAUTOCLAIM x g c10 0 0; XAUTOCLAIM x g c11 999999 0; XGROUP DELCONSUMER x g c; XGROUP DELCONSUMER x g nope
XGROUP DESTROY x g; XGROUP DESTROY x g; XADD x 5-1 a b; XADD x 5-2 a b; XADD x 5-3 a b; XGROUP CREATE x g 0
XREADGROUP GROUP g c STREAMS x >; XDELEX x KEEPREF IDS 1 5-1; XDELEX x DELREF IDS 1 5-2; XDELEX x ACKED IDS 1 5-3
XACKDEL x g IDS 1 5-3; XACKDEL x g KEEPREF IDS 1 4-3; XDELEX x IDS 1 9-9; XADD x IDMP p1 i1 99-* a b
XCFGSET x IDMP-DURATION 50; DEL x; XADD x 1-1 a b; XTRIM x MAXLEN 0; XDEL x 1-1; SET x a; XLEN no; XRANGE no - +
XREAD STREAMS no 0; XREAD STREAMS no no2 $ 0; XREADGROUP GROUP g c STREAMS no >; XACK no g 1-1; XPENDING no g
XINFO STREAM no; XDEL no 1-1; XTRIM no MAXLEN 0; XADD no NOMKSTREAM 1-1 a b
3> XREADGROUP GROUP g c BLOCK 0 STREAMS mk >; XADD mk 9-1 a b; 3> BLPOP bl 0; RPUSH bl a; 3> BLMOVE bl bl2 LEFT LEFT 0
4> BZPOPMIN bz 0; ZADD bz 1 a
"""
EXPIRED = """
DEBUG SET-ACTIVE-EXPIRE 0; SET e1 v PX 1; LPUSH e2 v; PEXPIRE e2 1; XADD e3 1-1 a b; PEXPIRE e3 1; SET e4 v PX 1
SET e5 v PX 1; SET e6 v PX 1; SET e7 v PX 1; SADD e8 v; PEXPIRE e8 1; SET e9 v PX 1; DEBUG SLEEP 0.01; GET e1; GET e1
LLEN e2; XADD e3 1-1 a b; DEL e4; EXISTS e5; SET e6 v; RENAME e7 f; SADD e8 b; SETNX e9 v; DBSIZE
"""
EVENTS = {
    "strings": STRINGS,
    "keys": KEYS,
    "lists": LISTS,
    "sets": SETS,
    "sorted sets": SORTED_SETS,
    "hashes": HASHES,
    "streams": STREAMS,
    "expired": EXPIRED,
}


class Both:
    """A real server and a simulated one, with the same connections."""

    def __init__(self, server: RedisServer, profile: str, protocol: int = 2) -> None:
        self._port = server.port
        self._protocol = protocol
        self._simulated = SimulatedServer(profile)
        self._control = connected(self._port)
        self._simulated.connect()
        self._pairs: dict[int, tuple[socket.socket, Client]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._control, *(real for real, _ in self._pairs.values())):
            connection.close()

    def do(self, number: int, words: list[str]) -> None:
        """One command on one connection; what all of them get has to be the same."""
        self._simulated.now_us = time.time_ns() // 1000
        real, simulated = self._pair(number)
        self._send(real, words)
        said = b"" if simulated.session.closing else simulated.call(*words)
        for each, (connection, client) in self._pairs.items():
            found = said if each == number else client.receive()
            if client.session.closing:
                self._simulated.engine.disconnect(client.session)
                found = b"<closed>"
            assert comparable(found) == comparable(received(connection)), (number, words, each)

    def _pair(self, number: int) -> tuple[socket.socket, Client]:
        if number not in self._pairs:
            pair = connected(self._port), self._simulated.connect()
            self._pairs[number] = pair
            if self._protocol == 3:
                self._send(pair[0], ["HELLO", "3"])
                received(pair[0])
                pair[1].call("HELLO", 3)
        return self._pairs[number]

    def _send(self, connection: socket.socket, words: list[str]) -> None:
        try:
            connection.sendall(request(*words))
        except OSError:
            return  # the server has closed it
        for _ in range(2):  # the second is read when everybody has been sent what the command led to
            self._control.sendall(request("PING"))
            assert self._control.recv(100)


def connected(port: int) -> socket.socket:
    """A connection on which nothing is held back."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def received(connection: socket.socket) -> bytes:
    """What has come."""
    connection.setblocking(False)  # noqa: FBT003  # socket's own
    found = b""
    try:
        while data := connection.recv(1 << 16):
            found += data
        found += b"<closed>"
    except BlockingIOError:
        pass
    except ConnectionError:
        found += b"<closed>"
    connection.setblocking(True)  # noqa: FBT003
    return found


def comparable(data: bytes) -> bytes:
    """Without what HELLO says of the connection, and what was said in front of its end."""
    if b"$4\r\nmode\r\n" in data:
        return b"<greeting>"
    return b"<closed>" if data.endswith(b"<closed>") else re.sub(rb"\b1[78]\d{11}", b"<ms>", data)


def converse(both: Both, conversation: str) -> None:
    for line in conversation.strip().replace("\n", ";").split(";"):
        found = re.fullmatch(r"\s*(?:(\d)> )?(.*)", line)
        assert found is not None
        both.do(int(found[1] or 1), shlex.split(found[2]))


def profile_of(server: RedisServer) -> str:
    name = ".".join(map(str, server.version[:2]))
    if name not in VERSIONS:
        pytest.skip(f"there is no profile for {name}")
    return name


CONVERSATIONS = {
    "plain": PLAIN,
    "shards": SHARDS,
    "transactions": IN_TRANSACTIONS,
    "silent": SILENT,
    "restricted": RESTRICTED,
    "killed": KILLED,
    "refusing": REFUSING,
}


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize("protocol", [2, 3])
def test_the_same_conversations(any_redis_server: RedisServer, protocol: int, name: str) -> None:
    """Replies and messages, on every connection, in their order."""
    profile = profile_of(any_redis_server)
    if protocol == 3 and profile < "6.0":
        pytest.skip("there was no RESP3")
    with Both(any_redis_server, profile, protocol) as both:
        converse(both, CONVERSATIONS[name])


def test_what_one_sends_oneself(any_redis_server: RedisServer) -> None:
    """Before 7.2 in front of the reply or between those of EXEC, then behind all of it."""
    profile = profile_of(any_redis_server)
    if profile < "6.0":
        pytest.skip("there was no RESP3")
    with Both(any_redis_server, profile, 3) as both:
        converse(both, TO_ITSELF)


def test_the_same_settings(any_redis_server: RedisServer) -> None:
    """Which flags there are, and how CONFIG GET tells them."""
    with Both(any_redis_server, profile_of(any_redis_server)) as both:
        for flags in SETTINGS:
            both.do(1, ["CONFIG", "SET", "notify-keyspace-events", flags])
            both.do(1, ["CONFIG", "GET", "notify-keyspace-events"])


@pytest.mark.parametrize("kind", EVENTS)
def test_the_same_events(any_redis_server: RedisServer, kind: str) -> None:
    """Their names, of which keys, and in which order."""
    profile = profile_of(any_redis_server)
    flags = "KEA" + "m" * (profile >= "6.0") + "n" * (profile >= "7.0") + "oc" * (profile >= "8.2")
    with Both(any_redis_server, profile) as both:
        both.do(1, ["CONFIG", "SET", "notify-keyspace-events", flags])
        both.do(2, ["PSUBSCRIBE", "__key*__:*"])
        converse(both, EVENTS[kind])


@pytest.mark.parametrize("flags", ["", "KE", "K$", "El", "Ktg", "EAn", "Em"])
def test_only_the_events_that_are_asked_for(any_redis_server: RedisServer, flags: str) -> None:
    profile = profile_of(any_redis_server)
    with Both(any_redis_server, profile) as both:
        both.do(1, ["CONFIG", "SET", "notify-keyspace-events", flags])
        both.do(2, ["PSUBSCRIBE", "__key*__:*"])
        converse(both, "SET a 1; GET no; LPUSH l a; XADD s 1-1 a b; DEL a; SELECT 3; SET a 1; EXPIRE a 100")


def test_patterns_of_one_client_in_any_order(any_redis_server: RedisServer) -> None:
    """A real server keeps patterns in a hash table since 6.0; the channel itself comes first."""
    simulated = SimulatedServer(profile_of(any_redis_server))
    ours = simulated.connect()
    with socket.create_connection(("127.0.0.1", any_redis_server.port)) as real:
        words = [["SUBSCRIBE", "hello"], ["PSUBSCRIBE", "h*", "h?llo", "*"]]
        for each in words:
            real.sendall(request(*each))
            ours.call(*each)
        any_redis_server.cli("PUBLISH", "hello", "x")
        assert simulated.connect().call("PUBLISH", "hello", "x") == b":4\r\n"
        parts: list[Part] = []
        data = b""
        while len(parts) < 8:
            data += real.recv(1 << 16)
            parts = parts_of(data)
        told = parts_of(ours.receive())
        assert told[0] == parts[4]
        assert sorted(part.shown() for part in told) == sorted(part.shown() for part in parts[4:])


def parts_of(data: bytes) -> list[Part]:
    parts: list[Part] = []
    while data and (found := parse(data)) is not None:
        parts.append(found[0])
        data = data[found[1] :]
    return parts


# redis-py's pub/sub


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A simulated server as a process of its own."""
    command = [sys.executable, "-m", "redis_streams", "serve", "--port", "0"]
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+);", process.stdout.readline())
        assert found is not None
        yield int(found[1])
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_listens(port: int, protocol: int) -> None:
    """Channels, patterns, handlers, health checks, and keyspace events."""
    with redis.Redis(port=port, protocol=protocol, decode_responses=True) as client, client.pubsub() as listener:
        handled: list[str] = []
        listener.subscribe(news=None, loud=lambda message: handled.append(message["data"]))
        listener.psubscribe("n*")
        assert [next_message(listener)["type"] for _ in range(3)] == ["subscribe", "subscribe", "psubscribe"]
        assert client.pubsub_numsub("news") == [("news", 1)]
        assert client.pubsub_numpat() == 1
        assert client.publish("news", "hello") == 2
        assert next_message(listener) == {"type": "message", "pattern": None, "channel": "news", "data": "hello"}
        assert next_message(listener) == {"type": "pmessage", "pattern": "n*", "channel": "news", "data": "hello"}
        if protocol == 2:  # of the answer in RESP3 redis-py makes nothing
            listener.ping("well?")
            assert next_message(listener)["data"] == "well?"
        client.publish("loud", "HELLO")
        listener.unsubscribe("news")
        assert next_message(listener)["type"] == "unsubscribe"
        assert handled == ["HELLO"]
        client.config_set("notify-keyspace-events", "Et")
        listener.subscribe("__keyevent@0__:xadd")
        assert next_message(listener)["type"] == "subscribe"
        client.xadd("events", {"a": "b"})
        assert next_message(listener)["data"] == "events"


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_s_thread(port: int, protocol: int) -> None:
    """A handler in a thread gets everything that was published, in its order."""
    got: list[str] = []
    all_here = threading.Event()

    def take(message: dict[str, str]) -> None:
        got.append(message["data"])
        if len(got) == NUMBERS:
            all_here.set()

    with redis.Redis(port=port, protocol=protocol, decode_responses=True) as client, client.pubsub() as listener:
        listener.subscribe(numbers=take)
        assert next_message(listener)["type"] == "subscribe"
        thread = listener.run_in_thread(sleep_time=0.01)
        for number in range(NUMBERS):
            assert client.publish("numbers", number) == 1
        assert all_here.wait(20)
        thread.stop()
        thread.join(10)
        assert got == [str(number) for number in range(NUMBERS)]


def next_message(listener: redis.client.PubSub) -> dict[str, str]:
    """The next message; handled ones are passed over."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        message = listener.get_message(timeout=1)
        if message is not None:
            return message
    raise AssertionError("nothing came")
