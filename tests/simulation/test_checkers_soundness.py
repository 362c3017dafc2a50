"""What holds for any application: `retry-storm`, `crash`, `no-leaks`."""

from redis_streams.actors import ChildCrashed, RestartLimitExceeded
from redis_streams.simulations.checkers import Checker, crash, no_leaks, retry_storm
from redis_streams.simulations.plan import Refuse, Shape
from redis_streams.simulations.world import SimulatedBug
from redis_streams.wire import ConnectFailed
from support.stories import Story

LOOK = "XPENDING"


def kinds(check: Checker, story: Story) -> list[str]:
    return [verdict.kind for verdict in check(story.history())]


def hammering(times: int, *, pause_ms: float = 0, shape: Shape | None = None) -> Story:
    story = Story(shape=shape)
    for _ in range(times):
        story.later(pause_ms).sends("worker-1", LOOK)
    return story


def test_a_loop_without_a_pause_is_told_once() -> None:
    [verdict] = retry_storm(hammering(900).history())
    assert verdict.kind == LOOK
    assert verdict.words == f"worker-1 sent more than 200 commands within a second, 200 times {LOOK}, to no effect"


def test_with_pauses_it_may_go_on_for_ever() -> None:
    assert not kinds(retry_storm, hammering(900, pause_ms=20))


def test_who_gets_something_done_may_send_a_lot() -> None:
    story = Story().publishes("a")
    for _ in range(5):
        for _ in range(150):
            story.sends("worker-1", LOOK)
        story.handles("worker-1", "a")
    assert not kinds(retry_storm, story)


def test_more_consumers_may_send_more() -> None:
    assert not kinds(retry_storm, hammering(390, shape=Shape(consumers=2)))


def crashed(error: BaseException) -> Story:
    return Story().tells("worker-1", ChildCrashed("root/groups/reclaimer", 1, error))


def caused_by(cause: Exception) -> Exception:
    error = RestartLimitExceeded("root/redis", 5, 60, cause)
    error.__cause__ = cause
    return error


def test_a_crash_is_told_with_what_crashed() -> None:
    [verdict] = crash(crashed(KeyError("x")).history())
    assert verdict.kind == "KeyError"
    assert "root/groups/reclaimer on worker-1 crashed: KeyError" in verdict.words


def test_a_crash_that_the_plan_made_is_none_of_ours() -> None:
    assert not kinds(crash, crashed(SimulatedBug("a bug of the plan")))
    assert not kinds(crash, crashed(caused_by(SimulatedBug("a bug of the plan"))))


def test_a_supervisor_that_gave_up_over_a_bug_of_ours_is_told_by_that_bug() -> None:
    assert kinds(crash, crashed(caused_by(KeyError("x")))) == ["KeyError"]


def test_a_process_that_fails_is_told() -> None:
    assert kinds(crash, Story().dies("worker-1", "failed", "KeyError: 'x'")) == ["KeyError"]
    assert not kinds(crash, Story().dies("worker-1", "killed"))
    given_up = "RestartLimitExceeded: root/redis needed more than 5 restarts; the last time because of SimulatedBug: x"
    assert not kinds(crash, Story().dies("worker-1", "failed", given_up))


def test_a_process_that_never_got_a_connection_says_so_and_gives_up() -> None:
    refused = "ConnectFailed: redis://redis: connection refused (gave up after 6 tries)"
    assert kinds(crash, Story().dies("worker-1", "failed", refused)) == ["ConnectFailed"]
    story = Story().strikes(Refuse(3000.0), host="worker-1").later(3000)
    assert not kinds(crash, story.tells("worker-1", ChildCrashed("root/redis", 1, ConnectFailed(refused))))
    assert not kinds(crash, story.dies("worker-1", "failed", refused))


def test_what_a_process_leaves_open_is_told() -> None:
    history = Story().history()
    assert not list(no_leaks(history))
    history.leaks = ["worker-1 left connection 7 open when it stopped"]
    [verdict] = no_leaks(history)
    assert verdict.kind == "worker-1 left connection N open when it stopped".replace("-1", "-N")
