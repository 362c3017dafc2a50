"""`clean-stop`: after a graceful stop nothing is pending that was not handed back.

When a process has ended by itself or by SIGTERM, every entry that is pending under one of its names was handed back
(made to look idle), so that others take it at once. Excused is

* everything, if Redis may have been out of reach: a fault of the link, the server or the process was felt between the
  beginning of the stop and its end, or what it left behind was still felt then;
* an entry whose handler had failed: it was let go before, and waits for the idle limit like all that fail;
* an entry whose body is gone: nobody can handle it;
* an entry that this process never got: a former one of its name had it when it was killed, or a read of that one came
  late, and it was stopped before it found it;
* what another process of the same name may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..history import FaultStruck, History, Phase, ProcessStarted
from ..plan import KillProcess, StopProcess
from ._chronicle import chronicle
from ._facts import Held, Left, Removed
from ._readers import was_read_by_the_dead
from ._runs import Of, Run, runs
from ._touch import raises_after_the_end, touches
from ._verdict import Verdict
from ._words import text

NAME = "clean-stop"

STOP_MS_MAX = 15_000.0
"""How long before its end a stop began at most, where nothing says when: drain and grace are 8 s and 5 s."""


def clean_stop(history: History) -> Iterator[Verdict]:
    """Who stops gracefully leaves nothing behind unsaid."""
    gone: set[tuple[str, bytes]] = set()
    got_at: dict[Of, int] = {}
    for fact in chronicle(history).facts:
        if isinstance(fact, Removed):
            gone.add((fact.stream, fact.raw_id))
        elif isinstance(fact, Held):
            got_at[fact.stream, fact.group, fact.raw_id] = fact.at
        elif isinstance(fact, Left) and _is_judged(history, fact):
            began_at = _began_at(history, fact)
            own = [of for of in fact.rows if (of[0], of[2]) not in gone and got_at.get(of, fact.at) > began_at]
            yield from _left_behind(history, fact, [of for of in own if not was_read_by_the_dead(history, of)])


def _is_judged(history: History, left: Left) -> bool:
    if not left.rows or left.how not in {"stopped", "finished"}:
        return False
    return not _shares_a_name(history, left.host) and not _was_out_of_reach(history, left)


def _began_at(history: History, left: Left) -> int:
    """The place of this process' start among all records."""
    return max(
        (
            place
            for place, record in enumerate(history.records[: left.at])
            if isinstance(record, ProcessStarted) and record.host == left.host
        ),
        default=-1,
    )


def _left_behind(history: History, left: Left, own: Sequence[Of]) -> Iterator[Verdict]:
    for of in own:
        last = _last_run(history, of, left)
        if last is not None and _failed(history, last):
            continue
        event_id = last.start.event_id if last is not None else ""
        handled = last is not None and last.outcome == "done"
        what = "was handled and is not acknowledged" if handled else "was not handed back"
        words = f"{left.host} stopped gracefully, and {event_id or 'an entry'} ({text(of[2])} of {of[0]}) {what}"
        yield Verdict(NAME, words, (event_id,) if event_id else (), "handled" if handled else "not handed back")


def _last_run(history: History, of: Of, left: Left) -> Run | None:
    own = [
        run
        for run in runs(history).of_entry.get(of, ())
        if run.start.host == left.host and run.started_at < left.at and (run.ended_at or 0) < left.at
    ]
    return own[-1] if own else None


def _failed(history: History, run: Run) -> bool:
    if run.outcome == "failed":
        return True
    ended_ms = None if run.end is None else run.end.at_ms
    return any(
        raises_after_the_end(touch) and touch.host == run.start.host and touch.from_ms == ended_ms
        for touch in touches(history)
    )


def _shares_a_name(history: History, host: str) -> bool:
    names = chronicle(history).names
    own = names.get(host, frozenset())
    return any(own & others for other, others in names.items() if other != host)


def _was_out_of_reach(history: History, left: Left) -> bool:
    began_ms = _stop_began_ms(history, left)
    return any(
        touch.meets(frozenset({left.host}), began_ms, left.at_ms)
        for touch in touches(history)
        if touch.struck.fault.effect.strikes != "handler"
        and not isinstance(touch.struck.fault.effect, StopProcess | KillProcess)
    )


def _stop_began_ms(history: History, left: Left) -> float:
    """When it was asked to stop for the first time."""
    asked_ms: float | None = None
    for record in history.records[: left.at]:
        match record:
            case ProcessStarted() if record.host == left.host:
                asked_ms = None
            case FaultStruck() if isinstance(record.fault.effect, StopProcess) and record.fault.when.host == left.host:
                asked_ms = record.at_ms if asked_ms is None else asked_ms
            case Phase(name="stopping"):
                asked_ms = record.at_ms if asked_ms is None else asked_ms
            case _:
                pass
    return max(left.at_ms - STOP_MS_MAX, asked_ms or 0.0)
