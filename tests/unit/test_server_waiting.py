"""Who waits in which order, and until when."""

from redis_streams.simulations.server._session import Block, Session
from redis_streams.simulations.server._waiting import Waiting
from support.simulated import SimulatedServer


def waits(waiting: Waiting, number: int, *keys: bytes, until: float | None = None) -> tuple[Session, Block]:
    session, block = Session(number, ""), Block(0, keys, until, lambda _key: None, None)
    waiting.begin(session, block)
    return session, block


def served(waiting: Waiting) -> list[tuple[int, bytes]]:
    return [(session.id, key) for session, _, key in waiting.take_ready()]


def test_who_came_first_is_served_first_and_who_looked_in_vain_goes_behind() -> None:
    waiting = Waiting()
    first, block = waits(waiting, 1, b"a", b"b")
    waits(waiting, 2, b"b")
    waiting.signal((0, b"b"))
    assert served(waiting) == [(1, b"b"), (2, b"b")]
    waiting.go_behind(first, block)
    waiting.signal((0, b"b"))
    assert served(waiting) == [(2, b"b"), (1, b"b")]


def test_a_key_that_nobody_waits_for_wakes_nobody() -> None:
    """Neither one of another database, nor one whose last session has gone."""
    waiting = Waiting()
    session, _ = waits(waiting, 1, b"a")
    waiting.signal((1, b"a"))
    waiting.end(session)
    waiting.signal((0, b"a"))
    assert served(waiting) == []
    assert (waiting.keys, session.block) == (0, None)


def test_what_is_done_for_one_may_signal_more_and_end_the_waits_of_others() -> None:
    waiting = Waiting()
    waits(waiting, 1, b"a")
    second, _ = waits(waiting, 2, b"a")
    waits(waiting, 3, b"b")
    waiting.signal((0, b"a"))
    found = []
    for session, _, _ in waiting.take_ready():
        found.append(session.id)
        if session.id == 1:
            waiting.end(second)
            waiting.signal((0, b"b"))
    assert found == [1, 3]


def test_waits_end_in_order_unless_they_ended_before() -> None:
    waiting = Waiting()
    for number, until in ((1, 30.0), (2, 10.0), (3, 20.0), (4, None)):
        waits(waiting, number, b"a", until=until)
    gone = next(iter(waiting.take_due(10.0)))[0]
    assert gone.id == 2
    waiting.end(gone)
    third = next(iter(waiting.take_due(20.0)))[0]
    waiting.end(third)
    assert waiting.next_end_ms() == 30.0
    assert [session.id for session, _ in waiting.take_due(100.0)] == [1]
    assert waiting.next_end_ms() is None


def test_who_waits_is_served_after_a_sleep_and_finds_what_has_expired_gone() -> None:
    server = SimulatedServer()
    client, waiting = server.connect(), server.connect()
    waiting.call("BLPOP", "k", 0)
    for command in ("MULTI", "RPUSH k a", "PEXPIRE k 100", "DEBUG SLEEP 0.2", "EXEC"):
        client.call(*command.split())
    assert waiting.receive() == b""


def test_after_a_transaction_exec_is_what_a_client_ran_last() -> None:
    server = SimulatedServer()
    client, other = server.connect(), server.connect()
    for command in ("MULTI", "GET k", "EXEC"):
        client.call(*command.split())
    assert b" cmd=exec " in other.call("CLIENT", "LIST", "ID", client.session.id)
