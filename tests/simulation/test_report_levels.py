"""Pending and unread entries and connections over time, from the changes of the server's data."""

import pytest
from redis_streams.simulations.history import Applied, Destroyed, History, Sent
from redis_streams.simulations.plan import Plan
from redis_streams.simulations.report._levels import connections_of, levels_of

GROUP = ("XGROUP CREATE s g 0 MKSTREAM",)
TWO = (*GROUP, "XADD s 1-0 a b", "XADD s 2-0 a b")
CLAIM = "XCLAIM s g c 0 {} TIME 5 RETRYCOUNT 1 FORCE JUSTID LASTID {}"
READ = (*TWO, CLAIM.format("1-0", "1-0"), CLAIM.format("2-0", "2-0"))


def history(*changes: str | Destroyed) -> History:
    records = [
        Applied(at, "server", tuple(change.encode().split())) if isinstance(change, str) else change
        for at, change in enumerate(changes)
    ]
    return History(Plan(1, "s"), records)


def end(*changes: str | Destroyed) -> tuple[int, int]:
    """Pending and unread after all of it."""
    pending, unread = levels_of(history(*changes))
    return pending[-1][1], unread[-1][1]


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        (("SET a b", "XADD s 1-0 a b"), (0, 0)),  # nobody is there who could lag
        (TWO, (0, 2)),
        ((*TWO, CLAIM.format("1-0", "1-0")), (1, 1)),
        (READ, (2, 0)),
        ((*READ, "XACK s g 1-0 2-0"), (0, 0)),
        ((*READ, "XGROUP DELCONSUMER s g c"), (0, 0)),
        ((*READ, "XGROUP DESTROY s g"), (0, 0)),
        ((*READ, "XGROUP SETID s g 0"), (2, 2)),
        ((*READ, "XGROUP CREATE s late $"), (2, 0)),
        ((*TWO, "XDEL s 1-0"), (0, 1)),
        ((*TWO, "XTRIM s MAXLEN = 0"), (0, 0)),
        ((*TWO, "XTRIM s MINID 2-0"), (0, 1)),
        ((*TWO, "XADD s MAXLEN = 1 3-0 a b"), (0, 1)),
        ((*TWO, "XADD s MINID = 2-0 3-0 a b"), (0, 2)),
        ((*READ, "DEL s"), (0, 0)),
        ((*READ, "FLUSHALL"), (0, 0)),
        ((*TWO, Destroyed(9, "server", entries=(("s", b"2-0", ()),))), (0, 1)),
        ((*READ, "XACK s g 1-0 2-0", Destroyed(9, "server", acknowledgements=(("s", "g", b"1-0"),))), (1, 0)),
        ((*READ, Destroyed(9, "server", groups=(("s", "g"),))), (0, 0)),
    ],
    ids=str,
)
def test_the_books_follow_each_change(changes: tuple[str | Destroyed, ...], levels: tuple[int, int]) -> None:
    """Pending and unread entries at the end."""
    assert end(*changes) == levels


def test_levels_say_where_they_change() -> None:
    """By the records' places."""
    assert levels_of(history(*READ, "XACK s g 2-0"))[0] == [(0, 0), (3, 1), (4, 2), (5, 1)]


def test_a_connection_counts_from_its_first_command_to_its_last() -> None:
    """Two of them, which overlap."""
    sent = [Sent(0, "w", client, "PING", (b"PING",)) for client in (1, 2, 1, 2, 2)]
    assert connections_of(History(Plan(1, "s"), sent)) == [(0, 0), (0, 1), (1, 2), (3, 1)]
