"""What `redis-streams simulate` does."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from attrs import frozen

from ...runtime._cli import say
from ..plan import Plan
from ..planted import BUGS
from ..real import ServerFailed, ServerNotFound, server_version
from ..real.ground import NotExpressible, run_real
from ._batch import Batch, Options, Tally
from ._cases import Case, UnknownScenario, built_in_names, find_case
from ._narrate import counted, narrate, whole_plan_in_words
from ._pages import write_batch, write_failure
from ._real import RealBatch, binary_of
from ._replay import ReplayError, plan_of, replay_line
from ._run import Outcome, run_plan
from ._screen import Screen, screen_of
from ._store import FOLDER, Finding, Store
from ._summary import as_json_object, summary
from ._tasks import Report, RunReport, ShrinkProgress
from ._tell import AGAIN, tell

EXIT_CODES: Final = {"violated": 3, "not live": 4, "crashed": 5, "nondeterministic": 6}
EXIT_UNHIT: Final = 7
EXIT_BLIND: Final = 8
BASES: Final = 1_000_000
"""Seeds that a batch may begin with: few enough to be typed."""


class CannotBegin(ValueError):
    """What was asked for is not there; the message says what is."""


class Runs(Protocol):
    """A batch, in virtual time or in real time."""

    tally: Tally

    def run(self) -> Iterator[Report]:
        """Do it; yields what comes in."""

    def outcome(self, finding: Finding) -> Outcome | None:
        """What its smallest plan came to, for its history; None where that can't be had."""


def simulate(
    scenarios: Sequence[str],
    *,
    seeds: int | None,
    base: int | None,
    jobs: int | None,
    preset: str,
    seconds: float | None,
    again_every: int,
    report: str | None,
    as_json: bool,
    real: str | None,
    plant: str = "",
) -> int:
    """Run a batch and say what came of it; returns the exit code."""
    cases = [_case(name) for name in scenarios or built_in_names()]
    if plant and (real is None or plant not in BUGS):
        raise CannotBegin(f"--plant {plant!r}: with --real, one of {', '.join(BUGS)}")
    # A new start each time: the same seeds again would find nothing new. It is printed.
    first = random.SystemRandom().randrange(BASES) if base is None else base
    options = Options(seeds, first, preset, jobs or os.cpu_count() or 1, seconds, again_every=again_every)
    store = Store(FOLDER if report is None else Path(report))
    batch: Runs = Batch(cases, options, store) if real is None else RealBatch(cases, options, _binary(real), plant)
    with screen_of(None if seeds is None else seeds * len(cases), seconds, quiet=as_json) as screen:
        screen.say(
            f"{counted(len(cases), 'scenario')}, faults: {preset}, seeds from {first} on, {_where(options, real)}"
        )
        _follow(batch, screen, _Teller(batch, store, with_pages=report is not None, real=real))
    if report is not None:
        batch.tally.notes.append(f"the report is {write_batch(store.folder, batch.tally, options)}")
    if as_json:
        say(json.dumps(as_json_object(batch.tally, options), indent=1))
    else:
        for line in summary(batch.tally, options):
            say(line)
    return exit_code(batch.tally)


def _where(options: Options, real: str | None) -> str:
    return f"in real time on {real}" if real else counted(options.jobs, "process").replace("processs", "processes")


def _binary(name: str) -> Path:
    found = binary_of(name)
    if found is None:
        raise CannotBegin(f"--real: there is no program {name!r}, by this path or on PATH")
    try:
        server_version(found)
    except ServerNotFound as error:
        raise CannotBegin(f"--real: {error}") from error
    return found


def _follow(batch: Runs, screen: Screen, teller: _Teller) -> None:
    """Show how far a batch is, and tell each failure as it is found."""
    told = 0
    try:
        for event in batch.run():
            if isinstance(event, ShrinkProgress):
                left = f"{counted(event.faults, 'fault')} and {counted(event.events, 'event')}"
                screen.note(f"making a failure small: {left} left after {event.runs} runs")
            elif isinstance(event, RunReport):
                screen.show(batch.tally)
            for finding in batch.tally.findings[told:]:
                told += 1
                screen.say("\n".join(("", *teller.tell(finding))))
    except UnknownScenario as error:
        raise CannotBegin(str(error)) from error
    except (ServerNotFound, ServerFailed) as error:
        raise CannotBegin(f"--real: {error}") from error


@frozen
class _Teller:
    """Tells failures, and draws their pages where those are wanted."""

    batch: Runs
    store: Store
    with_pages: bool
    real: str | None

    def tell(self, finding: Finding) -> Sequence[str]:
        path = str(self.store.folder / f"{finding.name}.json")
        outcome = self.batch.outcome(finding)
        again = AGAIN if self.real is None else AGAIN.replace("simulate", f"simulate --real {self.real}")
        page = ""
        if outcome is not None and self.with_pages:
            page = str(write_failure(self.store.folder, finding, outcome, has_nearest=self.real is None))
        return tell(finding, outcome, path=path, again=again, page=page)


def exit_code(tally: Tally) -> int:
    """What a batch ends with; the worst there was."""
    if tally.blind:
        return EXIT_BLIND
    there = {finding.status for finding in tally.findings}
    for status in ("violated", "crashed", "nondeterministic", "not live"):
        if status in there:
            return EXIT_CODES[status]
    return EXIT_UNHIT if tally.unhit else 0


def replay(text: str, *, as_json: bool, real: str | None) -> int:
    """Run one plan again and tell what happens; returns the exit code."""
    try:
        plan = plan_of(text)
    except ReplayError as error:
        raise CannotBegin(f"--replay: {error}") from error
    case = _case(plan.scenario)
    outcome = _replay(plan, case, real)
    if as_json:
        say(json.dumps(_outcome_as_json(outcome), indent=1))
    else:
        for line in _replayed(outcome):
            say(line)
    return EXIT_CODES.get(outcome.status, 0)


def _replay(plan: Plan, case: Case, real: str | None) -> Outcome:
    if real is None:
        return run_plan(plan, case.scenario, checkers=case.checkers)
    try:
        return run_real(plan, case.scenario, binary=_binary(real), checkers=case.checkers)
    except (NotExpressible, ServerNotFound, ServerFailed) as error:
        raise CannotBegin(f"--real: {error}") from error


def _replayed(outcome: Outcome) -> Sequence[str]:
    return [
        f"scenario {outcome.plan.scenario}, seed {outcome.plan.seed}:",
        *(f"  {line}" for line in whole_plan_in_words(outcome.plan)),
        "",
        *narrate(outcome.history),
        "",
        f"{outcome.status}{': ' + outcome.error if outcome.error else ''}",
        *(f"  {verdict.promise}: {verdict.words}" for verdict in outcome.verdicts),
        f"trace {outcome.trace_hash}, {outcome.virtual_seconds:.1f} s of virtual time",
    ]


def _outcome_as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "scenario": outcome.plan.scenario,
        "seed": outcome.plan.seed,
        "status": outcome.status,
        "error": outcome.error,
        "verdicts": [
            {"promise": each.promise, "kind": each.kind, "words": each.words, "event_ids": list(each.event_ids)}
            for each in outcome.verdicts
        ],
        "trace_hash": outcome.trace_hash,
        "virtual_seconds": outcome.virtual_seconds,
        "replay": replay_line(outcome.plan),
        "history": list(narrate(outcome.history)),
    }


def _case(name: str) -> Case:
    try:
        return find_case(name)
    except UnknownScenario as error:
        raise CannotBegin(str(error)) from error
