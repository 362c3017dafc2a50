"""A simulated server's process: what each fault destroys, by name, and what it goes on with."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from redis_streams.simulations.server import ProcessDown, Profile, Replica, ServerProcess, encode
from redis_streams.simulations.server.persistence._ledger import Destroyed, LostAcknowledgement, LostEntry, LostGroup

START_MS = 1_700_000_000_000


class Driver:
    """A process and one client, at a time that the test says, in milliseconds since the start."""

    def __init__(self, *replicas: Replica, **configuration: str) -> None:
        self.process = ServerProcess(Profile.of("7.0"), rng=Random(1), configuration=configuration, replicas=replicas)
        self.session = self.process.connect("a", now_us=START_MS * 1000)

    def do(self, at_ms: float, *words: str) -> bytes:
        """One command; returns the bytes of its reply."""
        now = {"now_us": int((START_MS + at_ms) * 1000), "timer_ms": START_MS + at_ms}
        self.process.tick(**now)
        [session] = self.process.execute(self.session, [word.encode() for word in words], **now)
        return b"".join(encode(session.replies.pop(0), 2) for _ in range(len(session.replies)))

    def come_back(self, at_ms: float = 10_000) -> None:
        """Restart, and connect again."""
        self.process.restart(timer_ms=START_MS + at_ms)
        self.session = self.process.connect("b", now_us=int((START_MS + at_ms) * 1000))

    def ids(self) -> list[str]:
        """What is in stream s."""
        stream = self.process.engine.databases[0].values.get(b"s")
        return [] if stream is None else [f"{ms}-{seq}" for (ms, seq), _ in stream.range((0, 0), stream.last_id)]


def lost(destroyed: object) -> list[str]:
    """The ids of the entries that were destroyed."""
    return [f"{entry.id[0]}-{entry.id[1]}" for entry in destroyed.entries]


def test_a_file_that_is_synced_always_loses_nothing() -> None:
    """Neither to a crash nor to a power cut."""
    driver = Driver(appendonly="yes", appendfsync="always")
    for number in range(1, 6):
        driver.do(number, "XADD", "s", f"{number}-0", "a", "b")
    assert not driver.process.crash()
    driver.come_back()
    assert not driver.process.cut_power()
    driver.come_back()
    assert driver.ids() == ["1-0", "2-0", "3-0", "4-0", "5-0"]


def test_what_a_script_did_outlives_a_crash_though_it_did_nothing_when_it_came() -> None:
    """Its source was sent with a call that changed nothing."""
    driver = Driver(appendonly="yes", appendfsync="always")
    source = "if ARGV[1] == '0' then return 0 end return redis.call('XADD', KEYS[1], ARGV[1], 'a', 'b')"
    driver.do(1, "EVAL", source, "1", "s", "0")
    driver.do(2, "EVALSHA", hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest(), "1", "s", "2-0")
    assert not driver.process.crash()
    driver.come_back()
    assert driver.ids() == ["2-0"]


def test_a_file_that_is_synced_each_second_loses_the_last_one_to_a_power_cut_only() -> None:
    """The page cache survives a crash, and not the loss of power."""
    for power_cut in (False, True):
        driver = Driver(appendonly="yes", appendfsync="everysec")
        for at in (0, 500, 1000, 1400, 1900):
            driver.do(at, "XADD", "s", f"{at + 1}-0", "a", "b")
        destroyed = driver.process.cut_power() if power_cut else driver.process.crash()
        assert lost(destroyed) == (["1001-0", "1401-0", "1901-0"] if power_cut else [])
        driver.come_back()
        assert driver.ids() == ["1-0", "501-0"] + ([] if power_cut else ["1001-0", "1401-0", "1901-0"])


def test_without_a_file_all_since_the_last_snapshot_is_lost() -> None:
    """Save points make one from time to time."""
    driver = Driver(save="1 2")
    for at in (0, 200, 1500, 1600):
        driver.do(at, "XADD", "s", f"{at + 1}-0", "a", "b")
    assert lost(driver.process.crash()) == ["1501-0", "1601-0"]
    driver.come_back()
    assert driver.ids() == ["1-0", "201-0"]


def test_a_failover_loses_what_the_replica_lacked_and_gives_ids_again() -> None:
    """Entries, acknowledgements and groups, each by name."""
    replica = Replica(lag_ms=100)
    driver = Driver(replica)
    driver.do(0, "XADD", "s", "1-0", "a", "1")
    driver.do(0, "XADD", "s", "2-0", "a", "2")
    driver.do(0, "XGROUP", "CREATE", "s", "g", "0")
    driver.do(1, "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    driver.do(150, "XACK", "s", "g", "1-0")
    driver.do(160, "XADD", "s", "3-0", "a", "3")
    driver.do(160, "XGROUP", "CREATE", "s", "h", "0")
    now = {"now_us": (START_MS + 200) * 1000, "timer_ms": START_MS + 200.0}
    destroyed = driver.process.fail_over(replica, **now)
    assert lost(destroyed) == ["3-0"]
    assert [(ack.group, ack.id) for ack in destroyed.acknowledgements] == [(b"g", (1, 0))]
    assert [group.group for group in destroyed.groups] == [b"h"]
    driver.session = driver.process.connect("b", now_us=now["now_us"])
    assert driver.do(300, "XADD", "s", "3-0", "a", "another") == b"$3\r\n3-0\r\n"


def test_a_transaction_is_not_parted() -> None:
    """Not by a failover in the middle of what its commands changed."""
    replica = Replica()
    driver = Driver(replica)
    for words in (["MULTI"], ["XADD", "s", "1-0", "a", "1"], ["XADD", "s", "2-0", "a", "2"], ["EXEC"]):
        driver.do(0, *words)
    replica.offset, replica.linked = 1, False
    destroyed = driver.process.fail_over(replica, now_us=START_MS * 1000, timer_ms=START_MS)
    assert lost(destroyed) == ["1-0", "2-0"]


def test_a_server_that_loads_says_so_and_one_that_is_down_nothing() -> None:
    """And one without its files begins anew."""
    driver = Driver(appendonly="yes")
    driver.do(0, "XADD", "s", "1-0", "a", "b")
    driver.process.crash()
    with pytest.raises(ProcessDown):
        driver.do(1, "PING")
    driver.process.restart(timer_ms=START_MS + 10.0, loading_ms=50)
    driver.session = driver.process.connect("b", now_us=START_MS * 1000)
    assert driver.do(20, "XLEN", "s").startswith(b"-LOADING")
    assert driver.do(70, "XLEN", "s") == b":1\r\n"
    assert lost(driver.process.restart_empty(timer_ms=START_MS + 100.0)) == ["1-0"]
    assert driver.ids() == []


def test_what_came_to_both_servers_of_a_split_brain_is_not_lost_with_one() -> None:
    """Common to two reckonings: against the state at the fork, and against who leads now."""
    entries = [LostEntry(0, b"s", (number, 0), (b"f", b"v")) for number in (1, 2)]
    acknowledgements = [LostAcknowledgement(0, b"s", b"g", (number, 0)) for number in (1, 2)]
    groups = [LostGroup(0, b"s", name, (1, 0)) for name in (b"g", b"h")]
    at_the_fork = Destroyed(tuple(entries), tuple(acknowledgements), tuple(groups))
    now = Destroyed((entries[1],), (acknowledgements[0],), ())
    assert at_the_fork.common(now) == now
    assert not at_the_fork.common(Destroyed())
