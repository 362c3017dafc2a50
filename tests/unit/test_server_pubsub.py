"""Pub/sub and keyspace events: who gets what, and in which order; exact bytes."""

import re

import pytest
from redis_streams.simulations.server.persistence._effects import Effects
from support.simulated import Client, SimulatedServer


def bulk(*words: str) -> bytes:
    return b"".join(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)


def message(channel: str, text: str) -> bytes:
    return b"*3\r\n" + bulk("message", channel, text)


def events(client: Client) -> list[str]:
    """What a client has been told of keys, an event a line: its channel and its message."""
    told = re.findall(rb"\$\d+\r\n__key(\w+@\d+__:.*?)\r\n\$\d+\r\n(.*?)\r\n", client.receive())
    return [f"{channel.decode()} {text.decode()}" for channel, text in told]


def listening(flags: str, version: str = "7.0") -> tuple[Client, Client]:
    """A client, and one that hears of its events."""
    server = SimulatedServer(version, notify_keyspace_events=flags)
    listener = server.connect()
    listener.call("PSUBSCRIBE", "__key*")
    return server.connect(), listener


def test_a_message_goes_to_channels_first_and_then_to_patterns() -> None:
    server = SimulatedServer()
    listener, other = server.connect(), server.connect()
    assert listener.call("SUBSCRIBE", "a", "b") == (
        b"*3\r\n" + bulk("subscribe", "a") + b":1\r\n*3\r\n" + bulk("subscribe", "b") + b":2\r\n"
    )
    assert listener.call("PSUBSCRIBE", "[ab]") == b"*3\r\n" + bulk("psubscribe", "[ab]") + b":3\r\n"
    assert other.call("PUBLISH", "a", "x") == b":2\r\n"
    assert listener.receive() == message("a", "x") + b"*4\r\n" + bulk("pmessage", "[ab]", "a", "x")
    assert other.call("PUBLISH", "c", "x") == b":0\r\n"


def test_a_subscriber_of_resp2_may_only_subscribe() -> None:
    """It could not tell replies from messages; in RESP3 it can."""
    client = SimulatedServer().connect()
    client.call("SUBSCRIBE", "a")
    assert client.call("GET", "a") == (
        b"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this"
        b" context\r\n"
    )
    assert client.call("PING") == b"*2\r\n" + bulk("pong", "")
    assert client.call("PING", "me") == b"*2\r\n" + bulk("pong", "me")
    client.call("UNSUBSCRIBE")
    assert client.call("PING") == b"+PONG\r\n"
    client.call("HELLO", 3)
    client.call("SUBSCRIBE", "a")
    assert client.call("GET", "a") == b"_\r\n"


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("5.0", b"-ERR only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this context"),
        ("6.0", b"-ERR Can't execute 'config': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed"),
        ("6.2", b"-ERR Can't execute 'config': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT / RESET are allowed"),
        ("7.0", b"-ERR Can't execute 'config|get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are"),
    ],
)
def test_the_refusal_is_worded_as_in_each_version(version: str, told: bytes) -> None:
    client = SimulatedServer(version).connect()
    client.call("SUBSCRIBE", "a")
    assert client.call("CONFIG", "GET", "hz").startswith(told)


def test_who_goes_is_forgotten() -> None:
    """By disconnecting, by RESET, by CLIENT KILL."""
    server = SimulatedServer()
    admin = server.connect()
    gone, reset, killed = (server.connect() for _ in range(3))
    for client in (gone, reset, killed):
        client.call("SUBSCRIBE", "a")
        client.call("SSUBSCRIBE", "s")
        client.call("PSUBSCRIBE", "p*")
    server.engine.disconnect(gone.session)
    assert reset.call("RESET") == b"+RESET\r\n"
    assert admin.call("CLIENT", "KILL", "TYPE", "pubsub") == b":1\r\n"
    assert admin.call("PUBSUB", "CHANNELS") == b"*0\r\n"
    assert admin.call("PUBSUB", "SHARDCHANNELS") == b"*0\r\n"
    assert admin.call("PUBSUB", "NUMPAT") == b":0\r\n"
    assert not server.engine.pubsub


def test_subscriptions_are_counted() -> None:
    server = SimulatedServer()
    one, two = server.connect(), server.connect()
    for client in (one, two):
        client.call("HELLO", 3)
        client.call("PSUBSCRIBE", "p*", "q*")
        client.call("SSUBSCRIBE", "s")
    one.call("SUBSCRIBE", "a")
    assert b"flags=P db=0 sub=1 psub=2 ssub=1 " in one.call("CLIENT", "INFO")
    told = two.call("INFO", "stats")
    assert b"pubsub_channels:1\r\npubsub_patterns:2\r\npubsubshard_channels:1\r\n" in told
    assert one.call("PUBSUB", "NUMSUB", "a", "b") == b"*4\r\n" + bulk("a") + b":1\r\n" + bulk("b") + b":0\r\n"
    old = SimulatedServer("6.0")
    for _ in range(2):
        old.connect().call("PSUBSCRIBE", "p*")
    assert old.connect().call("PUBSUB", "NUMPAT") == b":2\r\n"


@pytest.mark.parametrize(("version", "behind"), [("7.0", False), ("7.2", True)])
def test_what_one_sends_oneself(version: str, behind: bool) -> None:  # noqa: FBT001
    """Since 7.2 behind the reply, and behind all of EXEC's; before, in front of it, and amid those."""
    client = SimulatedServer(version).connect()
    client.call("HELLO", 3)
    client.call("SUBSCRIBE", "a")
    pushed = b">3\r\n" + bulk("message", "a", "x")
    assert client.call("PUBLISH", "a", "x") == (b":1\r\n" + pushed if behind else pushed + b":1\r\n")
    sent = client.send(b"MULTI\r\nPUBLISH a x\r\nPING\r\nEXEC\r\n").partition(b"+QUEUED\r\n+QUEUED\r\n")[2]
    assert sent == b"*2\r\n" + (b":1\r\n+PONG\r\n" + pushed if behind else pushed + b":1\r\n+PONG\r\n")


@pytest.mark.parametrize(("version", "heard"), [("6.0", b""), ("6.2", message("a", "x"))])
def test_client_reply_off_and_messages(version: str, heard: bytes) -> None:
    server = SimulatedServer(version)
    client = server.connect()
    client.call("CLIENT", "REPLY", "OFF")
    client.call("SUBSCRIBE", "a")
    client.receive()
    server.connect().call("PUBLISH", "a", "x")
    assert client.receive() == heard


def test_replicas_are_told_and_files_are_not() -> None:
    server = SimulatedServer()
    effects = server.engine.effects = Effects(server.engine)
    to_replicas, to_files = bytearray(), bytearray()
    effects.feeders.append(to_replicas.extend)
    effects.recorders.append(to_files.extend)
    server.connect().send(
        b"PUBLISH a x\r\nSPUBLISH s x\r\nSELECT 1\r\nSET k v\r\nMULTI\r\nPUBLISH a y\r\nSET k w\r\nEXEC\r\n"
    )
    select = [b"*2\r\n" + bulk("SELECT", index) for index in "01"]
    changed = [b"*3\r\n" + bulk("SET", "k", value) for value in "vw"]
    published = [b"*3\r\n" + bulk(*words) for words in (("PUBLISH", "a", "x"), ("SPUBLISH", "s", "x"))]
    together = b"*1\r\n" + bulk("MULTI") + b"*3\r\n" + bulk("PUBLISH", "a", "y") + changed[1] + b"*1\r\n" + bulk("EXEC")
    assert bytes(to_replicas) == select[0] + b"".join(published) + select[1] + changed[0] + together
    assert bytes(to_files) == select[1] + b"".join(changed)
    assert effects.offset == len(to_replicas)


def test_events_of_streams() -> None:
    client, listener = listening("Et")
    client.send(b"XADD s MAXLEN 1 1-1 a b\r\nXADD s MAXLEN 1 1-2 a b\r\nXGROUP CREATE s g 0\r\n")
    client.send(b"XREADGROUP GROUP g c STREAMS s >\r\nXDEL s 1-2\r\nXGROUP DESTROY s g\r\nSET no t\r\n")
    assert events(listener) == [
        *("event@0__:xadd s", "event@0__:xadd s", "event@0__:xtrim s", "event@0__:xgroup-create s"),
        *("event@0__:xgroup-createconsumer s", "event@0__:xdel s", "event@0__:xgroup-destroy s"),
    ]


def test_an_event_is_told_by_key_and_by_name() -> None:
    client, listener = listening("KEA")
    client.send(b"SELECT 3\r\nSET k v\r\n")
    assert events(listener) == ["space@3__:k set", "event@3__:set k"]


def test_a_key_that_expires_is_told_when_it_goes() -> None:
    server = SimulatedServer(notify_keyspace_events="Ex")
    listener = server.connect()
    listener.call("SUBSCRIBE", "__keyevent@0__:expired")
    server.connect().send(b"SET k v PX 10\r\nSET l v PX 10\r\nDEBUG SET-ACTIVE-EXPIRE 0\r\n")
    listener.receive()
    server.pass_time(20)
    assert listener.receive() == b""
    server.connect().call("SET", "k", "new")
    assert listener.receive() == message("__keyevent@0__:expired", "k")


def test_new_overwritten_and_missed_keys() -> None:
    client, listener = listening("Enocm", "8.6")
    client.send(b"LPUSH k a\r\nSET k v\r\nSET k w\r\nGET no\r\nCOPY k l\r\nSET m v\r\nRENAME k m\r\nDEL no\r\n")
    assert events(listener) == [
        *("event@0__:new k", "event@0__:overwritten k", "event@0__:type_changed k", "event@0__:overwritten k"),
        *("event@0__:keymiss no", "event@0__:new l", "event@0__:new m", "event@0__:new m", "event@0__:overwritten m"),
    ]


def test_special_classes_hold_although_they_are_not_shown() -> None:
    """With "A", CONFIG GET is silent on them, as in a real server."""
    client, listener = listening("EA")
    client.call("CONFIG", "SET", "notify-keyspace-events", "EAn")
    assert client.call("CONFIG", "GET", "notify-keyspace-events") == b"*2\r\n" + bulk("notify-keyspace-events", "AE")
    client.call("SET", "k", "v")
    assert events(listener) == ["event@0__:new k", "event@0__:set k"]


def test_nothing_is_told_by_default() -> None:
    """Then an event costs one look at an attribute."""
    server = SimulatedServer()
    assert server.engine.events is None
    server.connect().call("CONFIG", "SET", "notify-keyspace-events", "A")
    assert server.engine.events is None  # neither by key nor by name
    server.connect().call("CONFIG", "SET", "notify-keyspace-events", "KA")
    assert server.engine.events is not None
