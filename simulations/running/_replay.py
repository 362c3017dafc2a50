"""Replay lines: a plan as one word that can be copied out of a terminal or a CI log, and back.

It is `SEED:PLAN`. The seed is there for the eye. The plan is its JSON, compressed, in base64; or a path to a file that
has it: a stored failure, or a plan.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from pathlib import Path

from ..plan import Plan, PlanError, plan_from_json, plan_to_json

PLAN_BYTES_MAX = 5_000_000
"""Of the JSON: what a damaged or hostile line may unpack to. A plan of 1000 events has a tenth of it."""


class ReplayError(ValueError):
    """A text is no replay line; the message says why."""


def replay_line(plan: Plan) -> str:
    """The word that brings this plan back."""
    packed = zlib.compress(plan_to_json(plan).encode(), 9)
    return f"{plan.seed}:{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def plan_of(text: str) -> Plan:
    """The plan of a replay line, or of a file.

    Raises:
        ReplayError: there is none.
    """
    seed, colon, packed = text.strip().partition(":")
    if colon and seed.lstrip("-").isdigit():
        plan = _in_file(packed) if _is_file(packed) else _unpacked(packed)
        if plan.seed != int(seed):
            raise ReplayError(f"the line says seed {seed}, and its plan says {plan.seed}: it was not copied as a whole")
        return plan
    if _is_file(text.strip()):
        return _in_file(text.strip())
    raise ReplayError(f"a replay line is SEED:PLAN, or a file of a failure or a plan, not {_start(text)}")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a path
        return False


def _unpacked(packed: str) -> Plan:
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(data, PLAN_BYTES_MAX)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise ReplayError(
            f"after the seed comes neither a packed plan nor a file: {_start(packed)} ({error})"
        ) from error
    if not unpacking.eof:
        raise ReplayError(f"the packed plan is cut short or too large: {_start(packed)}")
    return _read(text.decode("utf-8", "replace"))


def _in_file(path: str) -> Plan:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplayError(f"{path} can't be read: {error}") from error
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReplayError(f"{path} is not JSON: {error}") from error
    inside = given.get("plan") if isinstance(given, dict) else None
    return _read(text if inside is None else json.dumps(inside))


def _read(text: str) -> Plan:
    try:
        return plan_from_json(text)
    except PlanError as error:
        raise ReplayError(str(error)) from error


def _start(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
