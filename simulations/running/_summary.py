"""What a batch came to, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._batch import Options, Tally
from ._narrate import counted
from ._points import HAPPENINGS
from ._replay import replay_line

COLUMNS = ("held", "violated", "not live", "crashed", "nondeterministic")
WIDTH = 118


def summary(tally: Tally, options: Options) -> Iterator[str]:
    """The end of a batch, for a terminal."""
    yield ""
    yield from _table(tally)
    yield ""
    rate = tally.runs / tally.real_seconds if tally.real_seconds else 0.0
    speed = tally.virtual_seconds / tally.real_seconds if tally.real_seconds else 0.0
    yield f"{tally.runs} runs in {tally.real_seconds:.1f} s: {rate:.1f} runs/s, virtual time {speed:.0f} times as fast"
    yield f"seeds from {options.base} on, faults: {options.preset}"
    if tally.again:
        yield f"{counted(tally.again, 'plan')} did the same in two processes"
    if tally.stored:
        yield f"{counted(tally.stored, 'failure')} of earlier times tried first: {tally.mended} of them fail no more"
    yield from _faults(tally)
    met = len(tally.passed.happened)
    if tally.passed.struck:
        yield f"{met} of {len(HAPPENINGS)} things happened that ought to happen sometimes"
    yield from (f"UNHIT: {point}" for point in tally.unhit)
    yield from (f"note: {note}" for note in tally.notes)
    yield ""
    yield _verdict(tally)


def _table(tally: Tally) -> Iterator[str]:
    rows = [[name, *(str(counts.get(column, 0)) for column in COLUMNS)] for name, counts in tally.by_scenario.items()]
    table = [["scenario", *COLUMNS], *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS) + 1)]
    for row in table:
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([f"{row[0]:<{widths[0]}}", *cells])


def _faults(tally: Tally) -> Iterator[str]:
    struck = sorted(tally.passed.struck.items(), key=lambda item: (-item[1], item[0]))
    if struck:
        yield f"faults that struck: {sum(tally.passed.struck.values())}"
        yield from _wrapped([f"{kind} {times}" for kind, times in struck])


def _wrapped(parts: Sequence[str]) -> Iterator[str]:
    line = " "
    for part in parts:
        if len(line) + len(part) > WIDTH:
            yield line.rstrip(",")
            line = " "
        line += f" {part},"
    yield line.rstrip(",")


def _verdict(tally: Tally) -> str:
    if tally.blind:
        return "THE CANARY LIVED: a run that must fail held. This simulation sees nothing, its results mean nothing."
    if tally.findings:
        ways = "one way" if len(tally.findings) == 1 else f"{len(tally.findings)} different ways"
        return f"FAILED in {ways}; each is kept, and tried first the next time."
    if tally.unhit:
        return "Every promise was kept, but not everything that ought to happen did."
    return "Every promise was kept."


def as_json_object(tally: Tally, options: Options) -> dict[str, object]:
    """The same for programs."""
    return {
        "base": options.base,
        "preset": options.preset,
        "runs": tally.runs,
        "real_seconds": round(tally.real_seconds, 3),
        "virtual_seconds": round(tally.virtual_seconds, 3),
        "scenarios": {name: dict(counts) for name, counts in tally.by_scenario.items()},
        "faults": dict(tally.passed.struck),
        "fault_in_state": {f"{kind} while {state}": times for (kind, state), times in tally.passed.met.items()},
        "happened": dict(tally.passed.happened),
        "unhit": list(tally.unhit),
        "same_in_two_processes": tally.again,
        "stored": tally.stored,
        "mended": tally.mended,
        "canary_lived": tally.blind,
        "notes": list(tally.notes),
        "failures": [
            {
                "name": each.name,
                "scenario": each.plan.scenario,
                "seed": each.drawn.seed,
                "status": each.status,
                "promise": each.promise,
                "kind": each.kind,
                "words": each.words,
                "event_ids": list(each.event_ids),
                "faults": len(each.plan.faults),
                "trace_hash": each.trace_hash,
                "replay": replay_line(each.plan),
            }
            for each in tally.findings
        ],
    }
