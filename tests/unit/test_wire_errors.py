"""Errors: what is weather, what is not, and whose classes they are."""

import pytest
import redis
from redis_streams.wire import BusyGroup, ConnectFailed, ConnectionLost, NoGroup, ReplyTimeout, is_weather
from redis_streams.wire._redis_py import make_error

WEATHER = """LOADING Redis is loading the dataset in memory
READONLY You can't write against a read only replica.
MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.
CLUSTERDOWN The cluster is down
TRYAGAIN Multiple keys request during rehashing of slot
OOM command not allowed when used memory > 'maxmemory'.
MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.
NOREPLICAS Not enough good replicas to write.
BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.
UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)
ERR max number of clients reached
ERR max number of clients + cluster connections reached""".splitlines()

CLIMATE = """WRONGPASS invalid username-password pair or user is disabled.
NOAUTH Authentication required.
NOPERM this user has no permissions to run the 'xadd' command
WRONGTYPE Operation against a key holding the wrong kind of value
NOGROUP No such key 'K' or consumer group 'G' in XREADGROUP with GROUP option
BUSYGROUP Consumer Group name already exists
NOSCRIPT No matching script. Please use EVAL.
EXECABORT Transaction discarded because of previous errors.
ERR syntax error
ERR BUSY is only a word here
ERR""".splitlines()


@pytest.mark.parametrize("text", WEATHER)
def test_what_passes_by_itself_is_weather(text: str) -> None:
    """Waiting and trying again is right."""
    assert is_weather(make_error(text))


@pytest.mark.parametrize("text", CLIMATE)
def test_what_stays_until_somebody_acts_is_not(text: str) -> None:
    """Waiting would only hide it."""
    assert not is_weather(make_error(text))


def test_lost_connections_are_weather_and_bugs_are_not() -> None:
    """Whatever happened on the way passes; a ValueError does not."""
    assert is_weather(ConnectionLost("x", sent=True))
    assert is_weather(ReplyTimeout("x", sent=True))
    assert is_weather(ConnectFailed("x"))
    assert not is_weather(ValueError("LOADING"))
    assert not is_weather(KeyboardInterrupt())


def test_the_errors_are_redis_pys() -> None:
    """Code that catches redis-py's classes catches these."""
    assert issubclass(ConnectionLost, redis.exceptions.ConnectionError)
    assert issubclass(ConnectFailed, redis.exceptions.ConnectionError)
    assert issubclass(ReplyTimeout, redis.exceptions.TimeoutError)
    assert issubclass(ReplyTimeout, ConnectionLost)
    assert issubclass(NoGroup, redis.exceptions.ResponseError)
    assert issubclass(BusyGroup, redis.exceptions.ResponseError)


def test_a_lost_connection_tells_whether_the_command_went_out() -> None:
    """`sent` is what decides whether it may be repeated."""
    assert ConnectionLost("x", sent=True).sent
    assert not ConnectionLost("x", sent=False).sent
