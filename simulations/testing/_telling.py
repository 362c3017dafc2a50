"""A failed run as a finding: what is kept and printed of it."""

from __future__ import annotations

from ..plan import Plan
from ..running._run import Outcome
from ..running._store import FailedStatus, Finding, first_verdict


def finding_of(outcome: Outcome, drawn: Plan, runs: int) -> Finding:
    """A failed run; `drawn` is the plan that a search began with, `runs` how many it took."""
    status: FailedStatus = "nondeterministic" if outcome.status == "held" else outcome.status
    first = first_verdict(outcome.status, outcome.verdicts, outcome.error)
    told = first.kind, first.event_ids, outcome.trace_hash
    return Finding(status, first.promise, first.words, outcome.plan, drawn, *told, runs)
