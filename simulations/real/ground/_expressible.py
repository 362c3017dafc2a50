"""Which plans can be played on one real server: not those that need another server, another clock or a bug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ...plan import (
    Answer,
    CrashActor,
    CrashServer,
    CutPower,
    Effect,
    FailOver,
    LosePower,
    Plan,
    RestartEmpty,
    ShiftClock,
)
from ._server_faults import ANSWERS

_NEVER: Final[Mapping[type[Effect], str]] = MappingProxyType(
    {
        FailOver: "there is one server",
        LosePower: "the machine stays on",
        CutPower: "the machine stays on",
        RestartEmpty: "only the simulated server knows what was lost by it",
        ShiftClock: "the machine has one wall clock",
        CrashActor: "a real process has no bug that shows when it is wanted",
    }
)


def expressible(plan: Plan) -> Sequence[str]:
    """Why a plan can't be played on a real server, in words; nothing if it can.

    What decides about the order of tasks, `schedule` and `buggify`, is passed over: there reality decides.
    """
    reasons = {_why_not(plan, fault.effect): None for fault in plan.faults}
    return [reason for reason in reasons if reason]


def _why_not(plan: Plan, effect: Effect) -> str:
    why = _NEVER.get(type(effect), "")
    if isinstance(effect, Answer) and effect.error not in ANSWERS:
        why = f"a real server does not answer {effect.error} on demand"
    if isinstance(effect, CrashServer) and not plan.shape.appendfsync:
        why = "without an append-only file only the simulated server knows what was lost by it"
    return f"{effect.kind}: {why}" if why else ""
