"""Failures on disk, one JSON file each: what was found once is tried first the next time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, cast

from attrs import frozen
from typing_extensions import assert_never

from ..checkers import Verdict
from ..plan import Plan, PlanError, plan_from_json, plan_to_json
from ._replay import replay_line
from ._run import Status

FOLDER: Final = Path(".redis-streams/failures")
FORMAT: Final = 1

FailedStatus = Literal["violated", "not live", "crashed", "nondeterministic"]


@frozen
class Finding:
    """A failure, as small as it could be made.

    Attributes:
        status: how it failed.
        promise, kind: what makes two failures the same one.
        words: what happened, in a sentence.
        event_ids: the events concerned.
        plan: the smallest that fails so.
        drawn: the one that a seed gave.
        trace_hash: of the smallest one's run.
        runs: how many it took to make it small.
    """

    status: FailedStatus
    promise: str
    words: str
    plan: Plan
    drawn: Plan
    kind: str = ""
    event_ids: tuple[str, ...] = ()
    trace_hash: str = ""
    runs: int = 0

    @property
    def name(self) -> str:
        """Of its file and its page: what failed where, and a number that is the plan's own."""
        digest = hashlib.blake2b(plan_to_json(self.plan).encode(), digest_size=4).hexdigest()
        return f"{_slug(Path(self.plan.scenario).name)}-{_slug(self.promise or self.status)}-{digest}"


def first_verdict(status: Status, verdicts: Sequence[Verdict], error: str) -> Verdict:
    """What a failure is called by."""
    match status:
        case "held":
            return Verdict("", "it failed, and held when it was run again in another process")
        case "crashed" | "nondeterministic":
            return Verdict("", error, kind=error.partition(":")[0])
        case "violated" | "not live":
            wanted = [each for each in verdicts if (each.promise == "liveness") is (status == "not live")]
            return wanted[0] if wanted else Verdict("liveness", "something waits, long after the faults have ended")
        case never:
            assert_never(never)


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text).strip("-")


class Store:
    """A folder of failures.

    Args:
        folder: made when there is something to put into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, finding: Finding) -> Path:
        """Keep a failure; the same one twice is one file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{finding.name}.json"
        path.write_text(_to_json(finding), encoding="utf-8")
        return path

    def plans(self, complain: list[str]) -> Iterator[Plan]:
        """The plans that are kept, in the order of their names.

        Args:
            complain: gets a line for each file that can't be used.
        """
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield _plan_in(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, json.JSONDecodeError, PlanError) as error:
                complain.append(f"{path} is passed over: {error}")


def _plan_in(text: str) -> Plan:
    given = json.loads(text)
    if not isinstance(given, dict) or given.get("format") != FORMAT or "status" not in given:
        raise PlanError(f'a stored failure has "format": {FORMAT} and a status')
    return plan_from_json(json.dumps(given.get("plan")))


def _to_json(finding: Finding) -> str:
    said = {
        "format": FORMAT,
        "status": finding.status,
        "promise": finding.promise,
        "kind": finding.kind,
        "words": finding.words,
        "event_ids": list(finding.event_ids),
        "trace_hash": finding.trace_hash,
        "replay": replay_line(finding.plan),
        "plan": cast("dict[str, object]", json.loads(plan_to_json(finding.plan))),
        "drawn": cast("dict[str, object]", json.loads(plan_to_json(finding.drawn))),
    }
    return json.dumps(said, indent=1) + "\n"
