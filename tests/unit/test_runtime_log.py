"""What the default observer writes."""

import sys

import pytest
from redis_streams import log_event
from redis_streams.actors import ChildCrashed
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
