"""What `redis-streams simulate` does."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ...runtime._cli import say
from ..plan import Plan
from ._batch import Batch, Options, Tally
from ._cases import Case, UnknownScenario, built_in_names, find_case
from ._narrate import narrate, whole_plan_in_words
from ._pages import write_batch, write_failure
from ._replay import ReplayError, plan_of, replay_line
from ._run import Outcome, run_plan
from ._screen import screen_of
from ._store import FOLDER, Finding, Store
from ._summary import as_json_object, summary
from ._tasks import Report, RunReport, ShrinkProgress
from ._tell import tell

EXIT_CODES: Final = {"violated": 3, "not live": 4, "crashed": 5, "nondeterministic": 6}
EXIT_UNHIT: Final = 7
EXIT_BLIND: Final = 8
BASES: Final = 1_000_000
"""Seeds that a batch may begin with: few enough to be typed."""


class CannotBegin(ValueError):
    """What was asked for is not there; the message says what is."""


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
) -> int:
    """Run a batch and say what came of it; returns the exit code."""
    cases = [_case(name) for name in scenarios or built_in_names()]
    # A new start each time: the same seeds again would find nothing new. It is printed.
    first = random.SystemRandom().randrange(BASES) if base is None else base
    options = Options(seeds, first, preset, jobs or os.cpu_count() or 1, seconds, again_every=again_every)
    store = Store(FOLDER if report is None else Path(report))
    batch = Batch(cases, options, store)
    total = None if seeds is None else seeds * len(cases)
    told = 0
    with screen_of(total, seconds, quiet=as_json) as screen:
        screen.say(f"{len(cases)} scenarios, faults: {preset}, seeds from {first} on, {options.jobs} processes")
        for event in _events(batch):
            if isinstance(event, ShrinkProgress):
                screen.note(f"shrinking: {event.faults} faults, {event.events} events after {event.runs} runs")
            elif isinstance(event, RunReport):
                screen.show(batch.tally)
            for finding in batch.tally.findings[told:]:
                told += 1
                screen.say("\n".join(("", *_told(finding, store, with_page=report is not None))))
    if report is not None:
        batch.tally.notes.append(f"the report is {write_batch(store.folder, batch.tally, options)}")
    if as_json:
        say(json.dumps(as_json_object(batch.tally, options), indent=1))
    else:
        for line in summary(batch.tally, options):
            say(line)
    return exit_code(batch.tally)


def _events(batch: Batch) -> Iterator[Report]:
    try:
        yield from batch.run()
    except UnknownScenario as error:
        raise CannotBegin(str(error)) from error


def exit_code(tally: Tally) -> int:
    """What a batch ends with; the worst there was."""
    if tally.blind:
        return EXIT_BLIND
    there = {finding.status for finding in tally.findings}
    for status in ("violated", "crashed", "nondeterministic", "not live"):
        if status in there:
            return EXIT_CODES[status]
    return EXIT_UNHIT if tally.unhit else 0


def replay(text: str, *, as_json: bool) -> int:
    """Run one plan again and tell what happens; returns the exit code."""
    try:
        plan = plan_of(text)
    except ReplayError as error:
        raise CannotBegin(f"--replay: {error}") from error
    case = _case(plan.scenario)
    outcome = run_plan(plan, case.scenario, checkers=case.checkers)
    if as_json:
        say(json.dumps(_outcome_as_json(outcome), indent=1))
    else:
        for line in _replayed(outcome):
            say(line)
    return EXIT_CODES.get(outcome.status, 0)


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


def _told(finding: Finding, store: Store, *, with_page: bool) -> Sequence[str]:
    """A failure in words, and as a page; its smallest plan is run once more, here, for its history."""
    path = str(store.folder / f"{finding.name}.json")
    if not finding.trace_hash:  # its process was lost with it: so would be this one
        return tell(finding, None, path=path)
    outcome = _again(finding.plan)
    page = str(write_failure(store.folder, finding, outcome)) if with_page else ""
    return tell(finding, outcome, path=path, page=page)


def _again(plan: Plan) -> Outcome:
    case = find_case(plan.scenario)
    return run_plan(plan, case.scenario, checkers=case.checkers)
