"""Who has a lane, and in which order."""

from itertools import pairwise

from redis_streams.simulations.history import Applied, History, ProcessStarted, Publishing, Sent
from redis_streams.simulations.plan import Plan
from redis_streams.simulations.report._lanes import lanes_of
from support.histories import duplicate_run


def test_publishers_stand_above_the_server_and_workers_below() -> None:
    """So arrows cross as few lanes as may be."""
    assert list(lanes_of(duplicate_run()).by_name) == ["shop", "server", "worker-1", "worker-2"]


def test_lanes_lie_one_below_the_other() -> None:
    """None covers another one."""
    lanes = list(lanes_of(duplicate_run()).by_name.values())
    assert all(upper.y + upper.height < lower.y for upper, lower in pairwise(lanes))


def test_handlers_that_run_at_the_same_time_have_rows_of_their_own() -> None:
    """Worker-2 runs order-3 a second time while the first run goes on."""
    lanes = lanes_of(duplicate_run())
    assert [lanes.row_of_run[run] for run in (5, 6, 7)] == [0, 0, 1]
    assert [lanes.by_name[name].rows for name in ("worker-1", "worker-2")] == [1, 2]


def test_a_failover_adds_a_server_and_connections_lead_to_theirs() -> None:
    """In a split brain both are served."""
    records = [
        Sent(0, "w", 1, "XADD", (b"XADD",)),
        Applied(0, "server", (b"XADD", b"s", b"1-0"), "w", 1, 0),
        Applied(1, "server", (b"XADD", b"s", b"1-0"), "v", 2, 1),
        Sent(2, "v", 3, "PING", (b"PING",)),
    ]
    lanes = lanes_of(History(Plan(1, "s"), records))
    assert list(lanes.by_name) == ["server", "server 2", "v", "w"]
    assert [lanes.serving(client).name for client in (1, 2, 3)] == ["server", "server 2", "server 2"]


def test_ten_comes_after_nine() -> None:
    """Names are ordered as people count; a publisher that is a worker, too, stays with the workers' names."""
    records = [ProcessStarted(0, f"worker-{number}", 1) for number in (10, 9, 1)]
    history = History(Plan(1, "s"), [*records, Publishing(1, "shop", "s", "e")])
    assert list(lanes_of(history).by_name) == ["shop", "server", "worker-1", "worker-9", "worker-10"]
