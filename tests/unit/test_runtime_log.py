"""What the default observer writes."""

import io
import logging
import sys

import pytest
from redis_streams import RetryLater, describe, log_event
from redis_streams.actors import ChildCrashed, DeadLettered, HandlerFailed
from redis_streams.wire import ConnectFailed

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


def test_what_redis_says_is_one_line_also_out_of_a_nursery(caplog: pytest.LogCaptureFixture) -> None:
    """A stopped server is the first thing that somebody sees who tries this: fifty lines said no more."""
    log_event(ChildCrashed("root/redis", 1, ExceptionGroup("", [ConnectFailed("localhost: connection refused")])))
    [record] = caplog.records
    assert record.getMessage() == "root/redis: crashed: ConnectFailed: localhost: connection refused"
    assert record.exc_info is None


def test_a_bug_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody mends one without."""
    log_event(ChildCrashed("root/a", 1, ExceptionGroup("", [KeyError("x")])))
    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


def _raised(text: str) -> Exception:
    def refuse() -> None:
        raise ValueError(text)

    try:
        refuse()
    except ValueError as error:
        return error
    raise AssertionError


def _failed(error: Exception | None, deliveries: int = 1, *, counts: bool = True) -> HandlerFailed:
    return HandlerFailed("root/a", "s", "g", b"1-0", deliveries, error, counts=counts)


def test_where_a_handler_failed_is_told_when_its_event_fails_first(caplog: pytest.LogCaptureFixture) -> None:
    """Nowhere else is the line that is to be mended, before the event is a dead letter."""
    log_event(_failed(_raised("no")))
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_text is not None
    assert "in _raised" in record.exc_text


@pytest.mark.parametrize(
    "event",
    [
        _failed(None),
        _failed(_raised("no"), deliveries=2),
        _failed(_raised("away"), counts=False),
        _failed(RetryLater(5)),
    ],
)
def test_afterwards_and_where_it_is_no_bug_one_line_is_enough(
    event: HandlerFailed, caplog: pytest.LogCaptureFixture
) -> None:
    """What is tried sixteen times, or waits for a database, would fill the log with the same lines."""
    log_event(event)
    [record] = caplog.records
    assert record.exc_info is None


FORGED = "bad\nERROR root/redis: crashed: the database is gone\r\x1b[2J\x1b]0;title\x07\u2028\x85\u202e\udce9"


@pytest.mark.parametrize(
    "event",
    [
        _failed(_raised(FORGED)),
        _failed(_raised(FORGED), deliveries=2),
        ChildCrashed("root/a", 1, _raised(FORGED)),
        DeadLettered("root/a", "s", "g", b"1-0", FORGED),
    ],
)
def test_whoever_publishes_forges_no_line_and_moves_no_cursor(event: HandlerFailed) -> None:
    """An error's text quotes what was published: only our own words begin a line."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("redis_streams")
    logger.addHandler(handler)
    try:
        log_event(event)
    finally:
        logger.removeHandler(handler)
    first, *others = written.getvalue().removesuffix("\n").split("\n")
    assert first.startswith("root/a: ")
    assert all(line.startswith("  ") for line in others)
    assert all(line.isprintable() for line in (first, *others))
    assert r"bad\nERROR root/redis" in describe(event)
