"""Records as lines of JSON."""

import pytest
from redis_streams import GroupCreated, HandlerFailed
from redis_streams.simulations.history import HandlerEnded, Published, Record, Told
from redis_streams.simulations.real.ground._lines import record_from_line, record_to_line
from redis_streams.wire import EntryId, LinkDown, ServerAddress

RECORDS = [
    Published(1.5, "a", "s", "e", "acknowledged", b"1-0"),
    HandlerEnded(2.0, "a", "s", "g", "e", b"\xff\x00", 3, "done"),
    Told(3.0, "a", GroupCreated("root", "s", "g", EntryId(5, 1))),
    Told(3.0, "a", HandlerFailed("root", "s", "g", b"1-0", 2, None)),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_survives_a_line(record: Record) -> None:
    """With bytes, ids and events in it."""
    line = record_to_line(record)
    assert "\n" not in line
    assert record_from_line(line) == record


def test_an_error_of_another_process_keeps_its_name_and_text() -> None:
    """Its class need not be known here."""
    told = record_from_line(record_to_line(Told(1.0, "a", LinkDown(ServerAddress(), OSError("gone\nfar")))))
    assert isinstance(told, Told)
    assert isinstance(told.event, LinkDown)
    assert (type(told.event.error).__name__, str(told.event.error)) == ("OSError", "gone\nfar")
