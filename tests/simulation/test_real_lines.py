"""Records as lines of JSON."""

import sys

import pytest
from redis_streams import GroupCreated, HandlerFailed
from redis_streams.actors import ChildCrashed
from redis_streams.simulations.history import HandlerEnded, Published, Record, Told
from redis_streams.simulations.real.ground._lines import record_from_line, record_to_line
from redis_streams.wire import EntryId, LinkDown, ServerAddress

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

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


def test_an_error_keeps_what_is_in_it_and_behind_it() -> None:
    """Nurseries put errors into groups, and a crash is excused or not by what is in there."""
    inner = LookupError("none")
    inner.__cause__ = OSError("gone")
    crash = ChildCrashed("root", 1, ExceptionGroup("of a nursery", [inner, ValueError("too")]))
    told = record_from_line(record_to_line(Told(1.0, "a", crash)))
    assert isinstance(told, Told)
    assert isinstance(told.event, ChildCrashed)
    group = told.event.error
    assert isinstance(group, ExceptionGroup)
    assert (group.message, [repr(each) for each in group.exceptions]) == (
        "of a nursery",
        ["LookupError('none')", "ValueError('too')"],
    )
    assert repr(group.exceptions[0].__cause__) == "OSError('gone')"
