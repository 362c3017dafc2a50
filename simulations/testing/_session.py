"""One call of a simulated test: what pytest was asked for, what has failed before, and what is kept and told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from attrs import evolve, frozen

from ..plan import Plan, PlanError
from ..report import Failure, failure_page
from ..running._replay import ReplayError, plan_of, replay_line
from ..running._run import Outcome
from ..running._shrink import shrink
from ..running._store import Finding, Store
from ..running._tell import tell
from ._telling import finding_of
from ._trial import Trial

if TYPE_CHECKING:
    import pytest

FOLDER: Final = Path(".redis-streams/tests")
"""Below pytest's root folder: failures, a folder for each test."""
SHRINK_RUNS_MAX: Final = 300
"""Runs that making a failure small may take: some seconds, which somebody waits for."""


@frozen
class Session:
    """One call of a test.

    Attributes:
        name: of the test, which is the scenario's name in its plans.
        folder: where its failures are kept.
        seeds: how many were asked for; None: as many as the test says.
        replay: the plan that is to be run, and nothing else.
    """

    name: str
    folder: Path | None = None
    seeds: int | None = None
    replay: str | None = None

    @classmethod
    def of(cls, request: pytest.FixtureRequest | None, name: str) -> Session:
        """What pytest was asked for; without pytest: nothing."""
        if request is None:
            return cls(name)
        node, config = request.node.nodeid, request.config
        seeds, replay = config.getoption("--sim-seeds", None), config.getoption("--sim-replay", None)
        return cls(node, config.rootpath / FOLDER / _slug(node), cast("int | None", seeds), cast("str | None", replay))

    @property
    def is_passed_over(self) -> bool:
        """Whether a plan of another test is to be run."""
        try:
            return self.replay is not None and plan_of(self.replay).scenario != self.name
        except ReplayError:
            return False

    def try_out(self, trial: Trial, seeds: int) -> str:
        """Run a test's plans; returns what is to be told of a failure, "" if there is none."""
        if self.replay is not None:
            return self._run_again(trial, self.replay)
        failed = trial.first_failure(self._kept(), range(seeds if self.seeds is None else self.seeds))
        return "" if failed is None else self._make_small(trial, failed)

    def _run_again(self, trial: Trial, line: str) -> str:
        try:
            plan = plan_of(line)
        except ReplayError as error:
            return f"--sim-replay: {error}"
        outcome = trial.run(plan)
        return "" if outcome.status == "held" else self._tell(trial, outcome, outcome.plan, 0)

    def _make_small(self, trial: Trial, failed: Outcome) -> str:
        least, runs = shrink(failed, trial.run, runs_max=SHRINK_RUNS_MAX)
        return self._tell(trial, least, failed.plan, runs)

    def _tell(self, trial: Trial, least: Outcome, drawn: Plan, runs: int) -> str:
        finding = finding_of(least, drawn, runs)
        again, path, page = f"pytest '{self.name}' --sim-replay '{{}}'", "", ""
        if self.folder is not None:
            path = str(Store(self.folder).add(finding))
            picture = _picture(trial, finding, least, again.replace("{}", replay_line(least.plan)))
            drawn_in = self.folder / f"{finding.name}.html"
            drawn_in.write_text(failure_page(picture), encoding="utf-8")
            page = str(drawn_in)
        return "\n".join(tell(finding, least, path=path, page=page, again=again))

    def _kept(self) -> Iterator[Plan]:
        """What has failed before. What holds by now is forgotten."""
        for path in sorted(self.folder.glob("*.json")) if self.folder is not None else ():
            try:
                plan = plan_of(str(path))
            except (ReplayError, PlanError):
                plan = None  # of another version of this library
            if plan is not None:
                yield plan
            for file in (path, path.with_suffix(".html")):  # reached only if it did not fail
                file.unlink(missing_ok=True)


def _picture(trial: Trial, finding: Finding, least: Outcome, again: str) -> Failure:
    """A failure beside the same run without its faults."""
    well = trial.run(evolve(least.plan, faults=()))
    nearest = well.history if well.status == "held" else None
    error = "" if least.verdicts else finding.words
    return Failure(finding.status, least.verdicts, least.history, least.trace_hash, again, error, nearest)


def _slug(node: str) -> str:
    """A name for a folder: readable, and unlike that of any other test."""
    digest = hashlib.blake2b(node.encode(), digest_size=3).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', node.rpartition('::')[2])[:60].strip('-')}-{digest}"
