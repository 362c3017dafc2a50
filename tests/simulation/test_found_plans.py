"""Plans in which a promise was broken once, or a checker was wrong: what a swarm found, made small, and now holds.

| plan | what it was |
|---|---|
| graceful-stop-clean-stop | a renewal came after the hand-back, so the entry looked busy for a whole idle limit |
| at-most-once-hurried-clean-stop | a second signal cut a read, and what that had brought was not handed back |
| alone-clean-stop | a connection that broke before the shared link had learnt its server was spared, and read on |
| same-ids-no-loss | a verdict on a lost event acknowledged the one that got its id |
| alone-again-clean-stop | the checker: what a read of a killed process brings late, its successor can't know of |
| alone-bounded-duplicates | a rare branch taken on purpose had verdicts wait for longer than a stop does |
| failover-, split-brain-checkpoint-true | the ledger: what was acknowledged on both servers is not lost with one |
| many-bounded-duplicates | renewals missed on purpose, so many in a row that the lease was lost |
| graceful-stop-bounded-duplicates | the checker: what a stop cut short begins elsewhere before the process has ended |
| power-loss-bounded-memory | the checker: with the end of a split brain its consumers have nothing of the old server |
| trimming-checkpoint-true | the checker: a group made on a new primary does not owe what that may lack |
| stream-lost-ack-implies-done | the stream was deleted, and an event got the id of one whose settling was on its way |
| poison-no-loss | the stream was deleted, and its checkpoint fitted the new one, whose first entries were skipped |
| rolling-restart-bounded-duplicates | the checker: with the end of a split brain an acknowledgement may be taken back |
| same-ids-crash | settling nothing more in a stream that was gone crashed the checkpoint writer |
| many-crash | a server that refuses writes for a while crashed who looks for dead consumers |
| power-loss-bounded-duplicates | the checker: two processes of one name both take again what a power loss gave back |
| pauses-, poison-, rough-starts-fenced | a delivery that was counted was begun though its lease was over by then |
| killers-bounded-memory | likely the checker: what a killed process reads late stands beside its successors entries |
| killers-late-begin-bounded-memory | the checker: what a killed process had on its way is nobody's |
| operated-seek-bounded-memory | the checker: what a consumer gives up after a seek it does not hold |
| operated-stray-bounded-memory | the checker: what comes after a seek, asked for before it, is left to the recovery |
| retention-no-loss | a group that was lost before the retention had seen it was not missed |
| at-most-once-, dependency-down-unbegun-poison-bounded | what had not begun was handed back as delivered |
| dependency-down-late-hand-back-poison-bounded | a hand-back came again, late, over a former connection |
| dependency-down-untold-poison-bounded | the checker: what Redis could not be told in time counts |
| fan-out-split-fan-out | the checker: a checkpoint on the old primary goes with what it passes |
| fan-out-split-again-fan-out | the checker: what is added to the old primary is nothing to one on the new |
| fan-out-demoted-fan-out, -liveness | a reader read on from a server that was demoted, and saw nothing of the new one |
| operated-power-loss-checkpoint-true | the checker: a power loss may undo a delivery, and a seek passes the entry |
| operated-split-ack-implies-done | the checker: a seek on the old primary says nothing about the new one |
| fan-out-just-begun-fan-out | what stood up to the place was looked for in a stream that had been made anew meanwhile |
| letters-refused-cut-poison-bounded | the checker: a first run that a stop cut short stays counted |
| fan-out-one-id-fan-out | the checker: two primaries gave one id, and it asked for the one that went with the old |
| failover-demoted-loading-liveness | the world: who was demoted while it read its file went on as a primary |
| split-brain-outdated-liveness | the shared link read on from a demoted server, where nothing is pending for ever |
| operated-given-up-clean-stop | a stop came before the recovery of what a seek had given up, and handed nothing back |
| operated-renewed-clean-stop | a renewal came after a hand-back again: of what a seek delivers anew, at a stop |
| operated-unbegun-poison-bounded | what a seek delivers anew was handed back as delivered, though it had not begun |
| operated-undone-seek-ack-implies-done | a seek was taken for another one, which a failover had undone |
| operated-demoted-liveness | a demoted server said for ever that the group was paused |
| dependency-down-crash-bounded-memory | the checker: what a crashed consumer had asked for comes, and is not held |
| fan-out-begun-in-vain-fan-out | the checker: a beginning that only the old primary heard of is none |
| fan-out-former-mark-liveness | what a process of the same name had noted in a former stream stood for ever |
| fan-out-on-the-old-fan-out | the checker: a checkpoint that says by its print whose id it is passes no other |
| same-name-under-way-no-loss | a verdict that was under way acknowledged the event that got its id meanwhile |
| operated-seek-undone-checkpoint-true | the checker: a power loss may undo a seek backwards |
| split-brain-twice-checkpoint-true | the checker: the end of a split says nothing of what the next primary lacks |
| batches-one-id-no-loss | the checker: an event that says no name, and whose id another one got, took the other's |
| letters-refused-begun-poison-bounded | the checker: what was taken back may be counted anew, and its process die |
| letters-refused-twice-clean-stop | the checker: who is asked to stop a second time has begun to before |
| letters-refused-crash-poison-bounded | the checker: a later hand-back took no run off that a crash had cut short |
| dependency-down-poison-bounded | a failure of another kind was taken back with those of an outage |
| split-brain-crash | the world: of what was sent together one command was swallowed, and the next ones passed |
| backlog-liveness | the world: nothing looks idle while a clock catches up with what it was put back by |
| group-lost-no-loss | nobody heard that a group had been made again, and so nobody told it |
| graceful-stop-read-cut-clean-stop | a second signal cut a read, and nobody handed back what it brought |
| group-lost-checkpoint-true | the checker: a power loss may undo that a group was destroyed |
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from redis_streams.simulations.checkers import AT_LEAST_ONCE
from redis_streams.simulations.plan import Plan, plan_from_json
from redis_streams.simulations.planted import Edit, edited
from redis_streams.simulations.running import Outcome, run_plan
from redis_streams.simulations.scenarios import SCENARIOS

FOUND = sorted((Path(__file__).parent / "found_plans").glob("*.json"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_every_promise_is_kept(path: Path) -> None:
    plan = plan_from_json(path.read_text())
    outcome = run_plan(plan, SCENARIOS[plan.scenario].run, checkers=AT_LEAST_ONCE)
    assert outcome.status == "held", outcome.verdicts


SAFEGUARDS = {
    "at-most-once-hurried-clean-stop": [
        Edit("actors._consumer:_limit", "    working.cancel()", "    working.cancel()\n    acquiring.cancel()"),
    ],
    "at-most-once-poison-bounded": [
        Edit("actors._consumer_permits:_leave", "desk.hold.count_former(unsaid)", "pass"),
    ],
    "dependency-down-unbegun-poison-bounded": [
        Edit("actors._consumer_work:_take_one_by_one", "desk.put_back([job])\n                return", "return"),
    ],
    "alone-clean-stop": [Edit("wire._link:Link.kill_former", "while self._former:", "while False:")],
    "graceful-stop-read-cut-clean-stop": [
        Edit("actors._consumer:_limit", "working.cancel()", "working.cancel(), acquiring.cancel()")
    ],
    "same-ids-no-loss": [Edit("actors._consumer_acquire:_look_at_all", "await _give_up(desk, missing)", "True")]
    + [Edit("actors._consumer_desk:Desk.admit", "if reused:", "if False:")],
    "stream-lost-ack-implies-done": [Edit("settle.lua", "if now and now ~= history", "if false")],
    # One of the two is enough.
    "stream-lost-ack-implies-done again": [
        Edit("actors._consumer_history:_forget_strangers", "if not desk.hold.is_finished(raw_id)", "if False"),
        Edit("actors._consumer_desk:Verdicts.forget", "if self.taken is not None:", "if False:"),
    ],
    "dependency-down-poison-bounded": [
        Edit(
            "actors._consumer_outage:is_away",
            "breaker.failed_otherwise(entry.raw_id, deliveries, desk.settings.name)",
            "pass",
        )
    ],
    "dependency-down-late-hand-back-poison-bounded": [
        Edit("wire._multiplexer:Multiplexer._kill_former", "for former in self._former", "for former in []")
    ],
    "poison-no-loss": [Edit("ensure_group.lua", " or (kept and is_another(added))", "")],
    "group-lost-no-loss": [Edit("ensure_group.lua", "if maker == call then", "if false then")],
    "split-brain-outdated-liveness": [Edit("wire._client:Client.open", "self._link.meet(connection.run_id)", "pass")],
    "operated-given-up-clean-stop": [
        Edit("actors._consumer_history:_deliver_anew", "desk.strays.update(_anew(entries))", "pass")
    ],
    "same-name-under-way-no-loss": [
        Edit("actors._consumer_desk:Verdicts.forget", "if self.taken is not None:", "if False:")
    ],
    "fan-out-former-mark-liveness": [
        Edit("actors._reader_desk:_write", "if is_of_a_former:", "if False:"),
    ],
    "operated-renewed-clean-stop": [
        Edit("actors._consumer_history:_leave_to_others", "async with desk.renewing:", "if True:")
    ],
    "operated-unbegun-poison-bounded": [
        Edit(
            "actors._consumer_history:_leave_to_others",
            "_anew(entries)",
            "{entry.raw_id: desk.hold.former_deliveries(entry.raw_id) for entry in entries}",
        )
    ],
    "operated-undone-seek-ack-implies-done": [
        Edit("seek.lua", ", time[1] * 1000000 + time[2])", ", 0)"),
    ],
    "operated-demoted-liveness": [
        Edit(
            "actors._group:_look_whether_paused",
            'await keeper.client.call(b"XACK", settings.stream, settings.group, b"0-0")',
            "pass",
        )
    ],
    "fan-out-demoted-fan-out": [Edit("actors._reader:_look", "await link.leave()", "pass")],
    # One of the two is enough.
    "fan-out-demoted-liveness": [
        Edit("actors._reader_desk:note", "if is_fresh and", "if"),
        Edit("wire._client:Client.open", "self._link.meet(connection.run_id)", "pass"),
    ],
    "fan-out-just-begun-fan-out": [
        Edit(
            "actors._reader:_look",
            "if before:",
            "if before or is_new and position > ZERO_ID and len(place.recent) <= 1:"
            "\n        before = await read_back(connection, settings.stream, position, count=RECENT)",
        )
    ],
    "retention-no-loss": [
        Edit("ensure_group.lua", "'MKSTREAM')\nif known then", "'MKSTREAM')\nif false then"),
    ],
}
"""What was put in, taken out again."""


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_without_what_was_put_in_it_is_broken_again(name: str) -> None:
    """So the plan still leads to where the bug was; at least with one of a few seeds, whatever else has changed."""
    stem = name.removesuffix(" again")
    plan = plan_from_json(next(path for path in FOUND if path.stem == stem).read_text())
    with edited(SAFEGUARDS[name]):
        statuses = (_with_seed(plan, plan.seed + number).status for number in range(12))
        assert any(status in {"violated", "not live"} for status in statuses)


def _with_seed(plan: Plan, seed: int) -> Outcome:
    return run_plan(evolve(plan, seed=seed), SCENARIOS[plan.scenario].run, checkers=AT_LEAST_ONCE)


def stops_at_all_phases() -> Iterator[Outcome]:
    """A slow handler is stopped at fifteen moments of the time between two renewals, with half of one on the way."""
    plan = plan_from_json(next(path for path in FOUND if path.stem == "graceful-stop-clean-stop").read_text())
    # Whichever of the two gets the event.
    sites = [evolve(fault.when, host=host) for fault in plan.faults for host in ("worker-1", "worker-2")]
    plan = evolve(plan, faults=[evolve(plan.faults[0], when=site) for site in sites])
    for at_ms in range(1000, 1600, 40):
        events = [evolve(event, at_ms=float(at_ms), slow_ms=2500.0) for event in plan.events]
        moved = evolve(plan, events=events, shape=evolve(plan.shape, latency_ms=40.0))
        yield run_plan(moved, SCENARIOS[plan.scenario].run, checkers=AT_LEAST_ONCE)


def test_no_renewal_comes_after_a_hand_back() -> None:
    """It would make what was handed back look busy; with both at once, some stop shows it."""
    assert {outcome.status for outcome in stops_at_all_phases()} == {"held"}
    settle = "await _acquire_work_settle(desk, acquiring, working)\n"
    beside = Edit("actors._consumer:consumer_actor", settle, f"{settle}{16 * ' '}await _hand_back(desk)\n")
    with edited([beside]):
        verdicts = [verdict for outcome in stops_at_all_phases() for verdict in outcome.verdicts]
    assert {(verdict.promise, verdict.kind) for verdict in verdicts} == {("clean-stop", "not handed back")}


SPINS = {
    "letters-refused": Edit(
        "actors._consumer_refused:Refusals.say_due", "if now < self.due_at:", "if not desk.judged_all:"
    ),
}


@pytest.mark.parametrize("scenario", SPINS)
def test_who_runs_in_circles_is_told_soon(scenario: str) -> None:
    """A task that is alone is counted too, and one whose waits swallow the cancellation is ended all the same."""
    with edited([SPINS[scenario]]):
        outcome = run_plan(SCENARIOS[scenario].plan(0), SCENARIOS[scenario].run, checkers=AT_LEAST_ONCE)
    assert outcome.status == "crashed"
    assert outcome.error.startswith("it spins: 20000 turns at ")
