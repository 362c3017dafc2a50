"""Which records tell of which event."""

from redis_streams.simulations.history import Applied, Destroyed, History, Published, Publishing, Sent
from redis_streams.simulations.plan import Plan
from redis_streams.simulations.report._lives import Lives, lives_of
from redis_streams.simulations.report._words import record_in_words
from support.histories import duplicate_run, well


def told(history: History, name: str) -> list[str]:
    """The life of an event in words."""
    lives = lives_of(history)
    place = lives.place(name)
    assert place is not None
    return [record_in_words(history.records[at]).split(" → ")[0] for at in lives.lives[place].records]


def summary(lives: Lives, name: str) -> str:
    place = lives.place(name)
    return "" if place is None else lives.lives[place].in_words()


def test_a_life_leads_from_the_publish_to_the_acknowledgement() -> None:
    """Every command, change and run of one event, and nothing else."""
    raw = "1700000000030-0"
    assert told(well(), "order-3") == [
        "begins to publish order-3 (key a)",
        f"XADD orders {raw} event_id order-3 event_type order.placed payload {{}}",
        "XADD orders * event_id order-3 event_type order.placed payload {}",
        f"publish of order-3 is acknowledged as {raw}",
        f"XCLAIM orders billing worker-1 0 {raw} TIME 0 RETRYCOUNT 1 FORCE JUSTID LASTID {raw}",
        "XREADGROUP GROUP billing worker-1 COUNT 10 BLOCK 2000 STREAMS orders >",
        "handler starts on order-3: its 1st delivery, run 4",
        "handler of order-3 returns (run 4)",
        f"XACK orders billing {raw}",
        f"settle orders c billing worker-1 1 {raw}",
    ]


def test_what_became_of_an_event_is_summed_up() -> None:
    """Runs and acknowledgement."""
    lives = lives_of(duplicate_run())
    assert summary(lives, "order-1") == "1 run, acknowledged"
    assert summary(lives, "order-3") == "3 runs, acknowledged"


def test_an_id_means_the_event_that_it_was_last_given_to() -> None:
    """After a failover a server hands out the same id for another event."""
    records = [
        Published(0, "p", "s", "one", "acknowledged", b"1-0"),
        Published(1, "p", "s", "two", "acknowledged", b"1-0"),
        Applied(2, "server", (b"XACK", b"s", b"g", b"1-0")),
    ]
    lives = lives_of(History(Plan(1, "s"), records))
    assert (summary(lives, "one"), summary(lives, "two")) == (
        "never handled, not acknowledged",
        "never handled, acknowledged",
    )


def test_the_same_id_in_another_stream_is_another_entry() -> None:
    """Ids are unique within a stream only."""
    records = [
        Published(0, "p", "s", "one", "acknowledged", b"1-0"),
        Sent(1, "w", 1, "XACK", (b"XACK", b"other", b"g", b"1-0"), b":0\r\n"),
    ]
    assert lives_of(History(Plan(1, "s"), records)).of_record == [(0,), ()]


def test_an_acknowledgement_that_a_server_lost_counts_no_more() -> None:
    """It is pending again."""
    records = [
        Published(0, "p", "s", "one", "acknowledged", b"1-0"),
        Applied(1, "server", (b"XACK", b"s", b"g", b"1-0")),
        Destroyed(2, "server", acknowledgements=(("s", "g", b"1-0"),)),
    ]
    assert summary(lives_of(History(Plan(1, "s"), records)), "one") == "never handled, not acknowledged"


def test_an_entry_that_was_written_without_an_event_id_belongs_to_its_publisher() -> None:
    """As of an undecodable event: only its publish says whose it is."""
    records = [
        Publishing(0, "p", "s", "one"),
        Applied(1, "server", (b"XADD", b"s", b"1-0", b"a", b"b")),
        Published(2, "p", "s", "one", "acknowledged", b"1-0"),
    ]
    assert lives_of(History(Plan(1, "s"), records)).of_record == [(0,), (0,), (0,)]


def test_a_record_that_names_no_event_belongs_to_none() -> None:
    """Events of a batch have their ids from elsewhere."""
    assert lives_of(History(Plan(1, "s"), [Publishing(0, "p", "s", "")])).lives == []


def test_an_entry_without_an_event_id_is_called_by_its_own() -> None:
    """As of programs that know nothing of this library."""
    records = [Applied(0, "server", (b"XADD", b"s", b"1-0", b"a", b"b"))]
    assert lives_of(History(Plan(1, "s"), records)).place("1-0") == 0
