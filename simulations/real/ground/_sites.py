"""Which fault is due where: counts how often each host came by each of its sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import define, field, frozen

from ...plan import Fault, Plan, Site


@frozen
class Due:
    """A fault whose moment has come; `number` is its place in `Plan.faults`."""

    number: int
    fault: Fault


@frozen
class Visit:
    """A host came by a site, for the `turn`th time.

    Attributes:
        before: what is due before the action is done.
        after: what is due when it has been done.
    """

    action: str
    turn: int
    before: Sequence[Due]
    after: Sequence[Due]


@define(eq=False)
class Sites:
    """What is planned at the sites of all hosts, and how often they were come by."""

    plan: Plan
    _turns: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]], init=False)
    _over: bool = field(default=False, init=False)

    def come_by(self, host: str, action: str) -> Visit:
        """One more turn."""
        self._turns[host, action] += 1
        turn = self._turns[host, action]
        due: dict[bool, list[Due]] = {True: [], False: []}
        for number, fault in enumerate(() if self._over else self.plan.faults):
            when = fault.when
            if isinstance(when, Site) and (when.host, when.action, when.turn) == (host, action, turn):
                due[when.before].append(Due(number, fault))
        return Visit(action, turn, due[True], due[False])

    def end(self) -> None:
        """Nothing is due any more."""
        self._over = True
