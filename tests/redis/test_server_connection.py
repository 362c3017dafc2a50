"""Connections, users, parameters and the server as a whole: byte for byte as the real server of the same version."""

import re
import shlex
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS
from support.simulated import SimulatedServer, request

CONVERSATIONS = """
HELLO
HELLO 3
HELLO 4
HELLO x
HELLO 2 FOO
HELLO 2 AUTH a b
HELLO 3 SETNAME
HELLO 3 SETNAME 'a b'
HELLO 3 AUTH default x SETNAME n; CLIENT GETNAME
AUTH; AUTH x; AUTH default x; AUTH a b c; AUTH default ''
AUTH foo x; PING
QUIT; PING
QUIT x
RESET; PING; RESET x
HELLO 3; RESET; PING
POST x; PING
SELECT; SELECT 16; SELECT -1; SELECT x; SELECT 99999999999; SELECT 1; SELECT 15
PING a; PING a b; ECHO; ECHO a; FOO; foo a b
CLIENT; CLIENT FOO
CLIENT SETNAME; CLIENT SETNAME 'a b'; CLIENT SETNAME foo; CLIENT GETNAME; CLIENT SETNAME ''; CLIENT GETNAME
CLIENT SETINFO lib-name 'a b'; CLIENT SETINFO foo bar; CLIENT SETINFO lib-ver; CLIENT SETINFO LIB-VER 1
CLIENT SETNAME foo; SELECT 3; CLIENT LIST; CLIENT INFO
CLIENT LIST TYPE foo; CLIENT LIST TYPE replica; CLIENT LIST ID 99999; CLIENT LIST ID x; CLIENT LIST FOO;\
 CLIENT LIST TYPE
CLIENT KILL; CLIENT KILL 1.1.1.1:1; CLIENT KILL ID 9999; CLIENT KILL ID x; CLIENT KILL ID 0; CLIENT KILL TYPE foo
CLIENT KILL TYPE normal ADDR a; CLIENT KILL USER foo; CLIENT KILL SKIPME foo; CLIENT KILL SKIPME yes;\
 CLIENT KILL ID 1 FOO
CLIENT KILL MAXAGE 10000; CLIENT KILL MAXAGE x; CLIENT KILL NAME foo; CLIENT KILL LADDR a
CLIENT UNBLOCK x; CLIENT UNBLOCK 99999; CLIENT UNBLOCK 99999 FOO
CLIENT GETREDIR; CLIENT TRACKINGINFO; CLIENT TRACKING off; CLIENT TRACKING foo; CLIENT CACHING yes
HELLO 3; CLIENT TRACKINGINFO
CLIENT REPLY foo; CLIENT REPLY ON
CLIENT REPLY OFF; PING; CLIENT REPLY SKIP; PING; CLIENT REPLY ON; PING
CLIENT REPLY SKIP; PING; PING
CLIENT REPLY SKIP; CLIENT REPLY SKIP; PING; PING
CLIENT PAUSE x; CLIENT PAUSE -1; CLIENT PAUSE 1 FOO; CLIENT PAUSE 0; CLIENT UNPAUSE
CLIENT NO-EVICT on; CLIENT NO-EVICT foo; CLIENT NO-TOUCH on; CLIENT NO-TOUCH foo
CONFIG GET; CONFIG GET foo; CONFIG GET hz; CONFIG GET HZ; CONFIG GET requirepas?; CONFIG FOO; CONFIG RESETSTAT;\
 CONFIG RESETSTAT x
CONFIG SET; CONFIG SET foo; CONFIG SET foo bar; CONFIG SET hz x; CONFIG SET hz 10 timeout 0; CONFIG SET hz 10 hz 20
CONFIG SET maxmemory 100mb; CONFIG GET maxmemory; CONFIG SET maxmemory zz; CONFIG SET maxmemory 0
CONFIG SET databases 3; CONFIG SET appendonly maybe; CONFIG SET appendfsync foo; CONFIG SET slave-read-only foo;\
 CONFIG SET maxclients 0
CONFIG SET stream-node-max-entries 10; CONFIG GET stream-node-max-entries; CONFIG SET stream-node-max-entries 100
CONFIG SET save 'a b'; CONFIG SET save '100 1'; CONFIG GET save; CONFIG SET save ''; CONFIG GET save
CONFIG SET notify-keyspace-events q; CONFIG SET notify-keyspace-events KEA; CONFIG GET notify-keyspace-events
CONFIG SET notify-keyspace-events Kgx; CONFIG GET notify-keyspace-events; CONFIG SET notify-keyspace-events ''
CONFIG SET slave-priority 7; CONFIG GET replica-priority; CONFIG GET slave-priority; CONFIG SET slave-priority 100
DEBUG; DEBUG FOO; DEBUG SLEEP 0; DEBUG SLEEP x; DEBUG SET-ACTIVE-EXPIRE 1; DEBUG JMAP; DEBUG OBJECT nokey;\
 DEBUG RELOAD
DEBUG DIGEST; DEBUG DIGEST-VALUE a; DEBUG CHANGE-REPL-ID; DEBUG ERROR 'foo bar'; DEBUG LOG hi
MEMORY FOO; MEMORY USAGE nokey; SLOWLOG FOO; SLOWLOG GET x; SLOWLOG LEN; SLOWLOG GET -2; SLOWLOG RESET
LATENCY LATEST; LATENCY RESET; LATENCY HISTORY x; LATENCY DOCTOR; LATENCY FOO; LATENCY HISTOGRAM foo
TIME x; REPLICAOF NO ONE; REPLICAOF a x; REPLICAOF a; FAILOVER; FAILOVER FOO; FAILOVER ABORT; SHUTDOWN FOO;\
 SHUTDOWN ABORT
WAIT 0 0; WAIT x 0; WAIT 0 x; WAIT 0 -1; WAIT -1 0
WAITAOF 0 0 0; WAITAOF 1 0 0; WAITAOF 2 0 0; WAITAOF x 0 0; WAITAOF 0 x 0; WAITAOF 0 0 -1
BGSAVE x; SAVE; MODULE LIST x; INFO foo; INFO keyspace
COMMAND INFO foo; COMMAND INFO xlen; COMMAND INFO config|get; COMMAND FOO; COMMAND COUNT x
COMMAND LIST FILTERBY x y; COMMAND LIST FILTERBY MODULE x; COMMAND LIST FILTERBY ACLCAT foo
COMMAND GETKEYS PING; COMMAND GETKEYS FOO; COMMAND GETKEYS FOO a; COMMAND GETKEYS XLEN; COMMAND GETKEYS XLEN a
COMMAND GETKEYS XREAD STREAMS a b 0 0; COMMAND GETKEYS XREADGROUP GROUP a b STREAMS a b 0 0
ACL; ACL FOO; ACL LIST; ACL WHOAMI; ACL USERS; ACL GETUSER default; ACL GETUSER nobody; ACL CAT; ACL CAT foo;\
 ACL CAT x y
ACL SETUSER bob; ACL GETUSER bob; ACL LIST; ACL DELUSER bob
ACL SETUSER bob on >pw ~a* +@all -@dangerous; ACL GETUSER bob; ACL DELUSER bob
HELLO 3; ACL SETUSER bob on nopass allkeys allcommands allchannels; ACL GETUSER bob; ACL DELUSER bob
ACL SETUSER bob on >pw ~a* +xlen +ping; AUTH bob pw; XLEN x; XLEN a1; XTRIM a1 MAXLEN 5; CONFIG GET hz; PING;\
 AUTH default x; ACL DELUSER bob
ACL SETUSER bob on nopass ~a* +xgroup|create; AUTH bob x; XGROUP CREATE b g 0; XGROUP SETID a g 0;\
 AUTH default x; ACL DELUSER bob
ACL SETUSER bob foo; ACL SETUSER bob +foo; ACL SETUSER bob +@foo; ACL SETUSER bob <zz; ACL SETUSER bob ~* ~a;\
 ACL SETUSER 'a b'
ACL SETUSER bob &* &a; ACL SETUSER bob #zz; ACL SETUSER bob %R~a %X~d; ACL DELUSER bob; ACL DELUSER default
ACL LOG RESET; ACL LOG; ACL LOG x; ACL GENPASS 0; ACL GENPASS 5000; ACL SAVE; ACL LOAD
ACL DRYRUN default ping; ACL DRYRUN nobody ping; ACL DRYRUN default foo
ACL SETUSER bob on nopass; ACL DRYRUN bob xlen x; ACL SETUSER bob +xlen; ACL DRYRUN bob xlen x; ACL DELUSER bob
COMMAND GETKEYS PING; COMMAND GETKEYS FOO; COMMAND GETKEYS FOO a; COMMAND GETKEYS XLEN; COMMAND GETKEYS XLEN a
COMMAND GETKEYS XREAD STREAMS a b 0 0; COMMAND GETKEYS XREADGROUP GROUP a b STREAMS a b 0 0
COMMAND GETKEYSANDFLAGS SET a b GET; COMMAND GETKEYSANDFLAGS SET a b; COMMAND GETKEYSANDFLAGS XADD a * b c;\
 COMMAND GETKEYSANDFLAGS FOO; COMMAND GETKEYSANDFLAGS XLEN; COMMAND GETKEYSANDFLAGS; COMMAND GETKEYS
HELLO 3; COMMAND GETKEYSANDFLAGS SET a b GET; COMMAND INFO xread client|list xlen foo
CLIENT HELP; CLIENT HELP x; CONFIG HELP; COMMAND HELP; ACL HELP; SLOWLOG HELP; LATENCY HELP; MEMORY HELP;\
 MODULE HELP; SCRIPT HELP
CLUSTER; CLUSTER INFO; CLUSTER FOO; CLUSTER INFO x; CLUSTER HELP; CLUSTER MEET
READONLY; ASKING; READWRITE; READONLY x
MIGRATE a b c d e; MIGRATE 127.0.0.1 1 key 9 5000; MIGRATE 127.0.0.1 1 key x 5000; MIGRATE 127.0.0.1 1 key 9 x;\
 MIGRATE 127.0.0.1 1 key 9 500 AUTH; MIGRATE 127.0.0.1 1 key 9 500 FOO; MIGRATE 127.0.0.1 1 key 9 500 KEYS a;\
 MIGRATE 127.0.0.1 1 '' 9 500 KEYS a b; MIGRATE 127.0.0.1 1 key -1 -1
SET key v; MIGRATE 127.0.0.1 1 key 9 100; DEL key
CLIENT TRACKING; CLIENT TRACKING foo; CLIENT TRACKING on foo; CLIENT TRACKING on REDIRECT 99999;\
 CLIENT TRACKING on REDIRECT x; CLIENT TRACKING on PREFIX a; CLIENT TRACKING on BCAST OPTIN;\
 CLIENT TRACKING on OPTIN OPTOUT
CLIENT TRACKING on; CLIENT TRACKING on BCAST; CLIENT TRACKING on OPTIN; CLIENT TRACKING on OPTOUT;\
 CLIENT CACHING yes; CLIENT TRACKINGINFO; CLIENT GETREDIR; CLIENT TRACKING off; CLIENT TRACKINGINFO
CLIENT TRACKING on BCAST PREFIX foo PREFIX foobar; CLIENT TRACKING on BCAST PREFIX b PREFIX a;\
 CLIENT TRACKING on BCAST PREFIX ab; CLIENT TRACKINGINFO; CLIENT CACHING foo; CLIENT LIST
HELLO 3; CLIENT TRACKING on; SET k 1; GET k; SET k 2; GET k; DEL k; CLIENT LIST
HELLO 3; CLIENT TRACKING on OPTIN; SET k 1; GET k; SET k 2; CLIENT CACHING yes; GET k; SET k 1;\
 CLIENT TRACKINGINFO; CLIENT CACHING no; CLIENT CACHING yes; CLIENT TRACKINGINFO; PING; CLIENT TRACKINGINFO;\
 DEL k
HELLO 3; CLIENT TRACKING on BCAST NOLOOP; MSET a 1 b 2; DEL a b; MULTI; SET k 1; GET k; EXEC; DEL k
ACL SETUSER bob on nopass +get (~x +set); ACL GETUSER bob; ACL LIST; ACL SETUSER bob clearselectors;\
 ACL GETUSER bob; ACL DELUSER bob
ACL SETUSER bob on nopass +get ~a* (%R~x +@read) '(%W~y' '+set)'; ACL GETUSER bob; AUTH bob x; GET a; GET x;\
 SET x 1; SET y 1; GET y; SET a 1; PING; AUTH default x; ACL LOG RESET; ACL DELUSER bob; DEL y
ACL SETUSER bob (; ACL SETUSER bob '(+get'; ACL SETUSER bob '(+foo)'; ACL SETUSER bob '((+get))';\
 ACL SETUSER bob '(on)'; ACL SETUSER bob '()'; ACL GETUSER bob; ACL DELUSER bob
ACL SETUSER bob on >a >b <a; ACL GETUSER bob; ACL SETUSER bob <zz; ACL SETUSER bob resetpass; ACL GETUSER bob;\
 ACL DELUSER bob
ACL SETUSER bob reset ~foo %R~bar %W~bar %RW~x %RR~y; ACL GETUSER bob; ACL LIST; ACL SETUSER bob 'nope a' '~a b';\
 ACL SETUSER bob ~*; ACL SETUSER bob ~z; ACL DELUSER bob
ACL SETUSER bob skip-sanitize-payload; ACL GETUSER bob; ACL LIST; ACL SETUSER bob sanitize-payload; ACL LIST;\
 ACL DELUSER bob
ACL DRYRUN default; ACL DRYRUN default get; ACL DRYRUN default get x; ACL DRYRUN default foo x;\
 ACL DRYRUN nobody get x; ACL DRYRUN default config|get x
ACL SETUSER default >foo; ACL GETUSER default; CONFIG GET requirepass; ACL SETUSER default nopass;\
 AUTH default foo; CONFIG SET requirepass bar; ACL LIST; AUTH bar; CONFIG SET requirepass ''; ACL LIST
DEBUG HELP; DEBUG HELP x
SAVE x; BGSAVE SCHEDULE x; BGREWRITEAOF x; ROLE x; SHUTDOWN SAVE NOSAVE
"""

# What differs from run to run, and what a simulated server has no number for.
IGNORED = [
    (rb"id=\d+ addr=\S+( laddr=\S*)? fd=-?\d+ ", b"id=I "),
    (rb"(age|idle|qbuf|qbuf-free|argv-mem|obl|oll|omem|tot-mem|rbs|rbp|io-thread)=\d+", rb"\1=N"),
    (rb"(tot-net-in|tot-net-out|tot-cmds)=\d+", rb"\1=N"),
    (rb"[$=]\d+\r\n(?=(txt:)?id=I)", b"N\r\n"),
    (rb"(\r\nid\r\n):\d+", rb"\1:I"),
    # Debian's Redis 8 has a module of its own, for vectors.
    (rb"modules\r\n\*1\r\n[*%].*?args\r\n\*0\r\n", b"modules\r\n*0\r\n"),
]  # fmt: skip


def normal(reply: bytes) -> bytes:
    for pattern, instead in IGNORED:
        reply = re.sub(pattern, instead, reply, flags=re.DOTALL)
    return reply


def ask(server: RedisServer, data: bytes) -> bytes:
    """What a real server answers to the bytes, `<closed>` if it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(data)
        # Half-closed: it answers what it got, and then closes; of `<closed>` only the engine's own tests tell.
        connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while piece := connection.recv(1 << 20):
                received += piece
        except ConnectionResetError:
            pass
    return received


def simulated(server: RedisServer) -> SimulatedServer:
    name = ".".join(map(str, server.version[:2]))
    if name not in VERSIONS:
        pytest.skip(f"there is no profile for {name}")
    return SimulatedServer(name)


def test_the_same_conversations(any_redis_server: RedisServer) -> None:
    any_redis_server.cli("CONFIG", "SET", "slowlog-log-slower-than", -1)  # what is slow is up to the machine
    for line in CONVERSATIONS.strip().splitlines():
        data = b"".join(request(*shlex.split(command)) for command in line.split(";"))
        ours = simulated(any_redis_server).connect().send(data).removesuffix(b"<closed>")
        assert normal(ours) == normal(ask(any_redis_server, data)), line


UNLIKE = re.compile(
    "tls-|watchdog|dir$|.*log|pidfile|requirepass|master|dbfilename|appendonly|replicaof|slaveof|maxclients|save$|timeout"
    "|unix|port$|bind|proto-max|client-query|io-threads|databases|key-load|rdb-key|activedefrag|cluster-announce-human"
    "|maxmemory$|enable-|.*cpulist|vset|oom|ignore|proc-title"
)
"""Parameters of the machine, the build, or this very connection."""


def test_every_parameter_takes_the_same_values(any_redis_server: RedisServer) -> None:
    server = simulated(any_redis_server)
    for name in server.engine.configuration.names():
        if UNLIKE.match(name):
            continue
        words = [("CONFIG", "SET", name, value) for value in ("", "x", "-1", "1", "yes", "10mb", "200%", "9" * 20)]
        asked = [request(*each) + request("CONFIG", "GET", name) for each in words]
        data = b"".join([request("CONFIG", "GET", name), *asked])
        assert server.connect().send(data) == ask(any_redis_server, data), name


def without_letters(word: bytes) -> bytes:
    """Hypothesis tries the names of commands too, and SHUTDOWN would be one."""
    return re.sub(rb"[a-zA-Z]", b"x", word)


PIECES = st.one_of(
    st.sampled_from([b"*1\r\n", b"*2\r\n", b"$4\r\n", b"$0\r\n", b"PING", b"\r\n", b"\n", b"\0"]),
    st.sampled_from([b'"', b"'", b"\\x4", b" "]),
    st.integers(-2, 2**64).map(lambda n: b"*%d\r\n" % n),
    st.integers(-2, 2**64).map(lambda n: b"$%d\r\n" % n),
    st.binary(max_size=8).map(without_letters),
    st.lists(st.binary(max_size=5).map(without_letters), min_size=1, max_size=3).map(lambda words: request(*words)),
    st.binary(max_size=20).map(lambda word: request("ECHO", without_letters(word))),
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(pieces=st.lists(PIECES, max_size=10))
def test_the_same_answer_to_any_bytes(any_redis_server: RedisServer, pieces: list[bytes]) -> None:
    """Nearly requests: the same replies, the same protocol errors."""
    data = b"".join(pieces)
    ours = simulated(any_redis_server).connect().send(data).removesuffix(b"<closed>")
    assert ours == ask(any_redis_server, data)
