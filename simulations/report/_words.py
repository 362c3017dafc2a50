"""Records and plans in words: a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ..history import (
    UNPLANNED,
    AcknowledgesFirst,
    Applied,
    Cancelled,
    Destroyed,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    Scheduling,
    SchedulingEnded,
    Sent,
    ServiceCalled,
    Told,
)
from ..plan import Plan
from ..plan._plan import ordinal
from ._resp import cut, reply_in_words, shown

COMMAND: Final = 110
"""Characters of a command; what follows is an entry's payload."""
SCRIPT_CALLS: Final = (b"EVALSHA", b"EVAL", b"EVALSHA_RO", b"EVAL_RO")

PROMISES: Final = {
    "no-loss": "Every event whose publish was acknowledged is handled to its end, or dead-lettered.",
    "ack-implies-done": "An entry is acknowledged only after its handler returned.",
    "bounded-duplicates": "An event runs once, and once more for each fault that touched it.",
    "fenced": "Who lost an entry can neither acknowledge it nor write its effects.",
    "exactly-once-effects": "Outputs, state and acknowledgement become visible together, once.",
    "publish-once": "A publish that is tried again appends once.",
    "key-order": "Events of one key are handled in the order of the stream.",
    "poison-bounded": "An event that always fails is dead-lettered, and blocks nobody but its own key.",
    "checkpoint-true": "The checkpoint passes no unsettled entry, and never goes back.",
    "liveness": "When the faults stop, everything that waits gets handled.",
    "clean-stop": "After a graceful stop nothing is pending that was not handed back.",
    "bounded-memory": "No more entries are held than the prefetch allows.",
    "at-most-once": "An event that is acknowledged before it is handled begins once at most, over all processes.",
    "cancelled-never-acks": "A cancelled handler acknowledges nothing.",
    "fan-out": "Each reader without a group sees every event of its stream, in order.",
    "paused": "While a group is paused, no handler of it begins.",
    "scheduled-once": "What is to be published later is published once each time, and not before.",
    "unexpected": "Only what was published is handled.",
    "id-reuse": "Two events are never taken for one because they had the same stream id.",
    "no-leaks": "A process that ended gracefully leaves no task and no socket behind.",
    "crash": "No actor crashes, and no process fails.",
    "retry-storm": "Trouble is met with patience: retries have a limit.",
}


def promise_in_words(name: str) -> str:
    """What a checker guards; of one that is not known here there is only its name."""
    return PROMISES.get(name, name)


def time_in_words(ms: float) -> str:
    """As in ``12.5 ms``, ``3.204 s`` or ``2 min 5 s``."""
    if ms < 1_000:
        return f"{ms:.3f}".rstrip("0").rstrip(".") + " ms"
    if ms < 60_000:
        return f"{ms / 1_000:.3f}".rstrip("0").rstrip(".") + " s"
    return f"{int(ms // 60_000)} min {ms % 60_000 / 1_000:.0f} s"


KINDS: Final[Mapping[type[Record], str]] = {
    Sent: "command",
    Applied: "change",
    Publishing: "publish",
    Published: "publish",
    AcknowledgesFirst: "handler",
    HandlerStarted: "handler",
    HandlerEnded: "handler",
    ProcessStarted: "process",
    ProcessEnded: "process",
    FaultStruck: "fault",
    Destroyed: "destroyed",
    Told: "told",
    ServiceCalled: "service",
    Scheduling: "schedule",
    SchedulingEnded: "schedule",
    Cancelled: "schedule",
    Phase: "phase",
}


def rough_time_in_words(ms: float) -> str:
    """The same with as many digits as fit beside an axis."""
    return time_in_words(round(ms, 1) if ms < 1_000 else round(ms, -1))


def kind_of(record: Record) -> str:
    """The word by which tables and filters know this kind of record."""
    return KINDS.get(type(record), "other")


def record_in_words(record: Record) -> str:
    """What happened, without the time and the host."""
    match record:
        case Publishing():
            key = f" (key {record.key})" if record.key else ""
            told = f"begins to publish {record.event_id}{key}{', which no codec reads' if record.undecodable else ''}"
        case Published():
            told = _published(record)
        case HandlerStarted():
            told = f"handler starts on {record.event_id}: its {ordinal(record.delivery)} delivery, run {record.run}"
        case HandlerEnded():
            how = {"done": "returns", "failed": "fails", "cancelled": "is cancelled"}[record.outcome]
            told = f"handler of {record.event_id} {how} (run {record.run}){': ' * bool(record.error)}{record.error}"
        case Sent():
            told = _sent(record)
        case Applied():
            told = cut(" ".join(map(shown, record.words)), COMMAND)
        case _:
            told = _of_the_run(record)
    return told


def _of_the_run(record: Record) -> str:
    match record:
        case ServiceCalled():
            how = {"done": "", "lost": " (the request is lost)", "unheard": " (done, but nobody hears it)"}
            of = f" for {record.event_id}" if record.event_id else ""
            told = f"asks {record.service} to {record.action}{of}{how[record.outcome]}"
        case Scheduling() | SchedulingEnded() | Cancelled():
            told = _of_a_schedule(record)
        case AcknowledgesFirst():
            told = f"handles {record.stream} for {record.group} at most once"
        case Told():
            told = f"says: {record.event.words()}"
        case FaultStruck():
            whose = "the machine is busy" if record.number == UNPLANNED else f"fault {record.number + 1}"
            told = f"{whose}: {record.fault.in_words()}"
        case ProcessStarted():
            told = "starts" if record.incarnation == 1 else f"starts again (incarnation {record.incarnation})"
        case ProcessEnded():
            told = f"ends: {record.how}{f' ({record.error})' if record.error else ''}"
        case Destroyed():
            told = _destroyed(record)
        case Phase():
            told = f"{record.name} begins"
        case _:
            told = type(record).__name__
    return told


def _of_a_schedule(record: Scheduling | SchedulingEnded | Cancelled) -> str:
    match record:
        case Scheduling():
            every = f", and every {time_in_words(record.every_ms)} from then on" if record.every_ms else ""
            return f"schedules {record.schedule_id} for {time_in_words(record.due_ms)}{every}"
        case SchedulingEnded():
            return f"scheduling of {record.schedule_id}: {record.outcome}"
        case Cancelled():
            return f"{'has cancelled' if record.is_told else 'cancels'} {record.schedule_id}"


def _published(record: Published) -> str:
    raw_id = f" as {record.raw_id.decode('ascii', 'replace')}" if record.raw_id else ""
    error = f": {record.error}" if record.error else ""
    how = {"acknowledged": "is acknowledged", "refused": "is refused", "unknown": "may have happened or not"}
    return f"publish of {record.event_id} {how[record.outcome]}{raw_id}{error}"


def _sent(record: Sent) -> str:
    words = record.words
    if words and words[0].upper() in SCRIPT_CALLS:  # neither the digest nor the count of keys tells anything
        words = words[3:]
    elif words and words[0].upper() == record.action.encode():
        words = words[1:]
    command = cut(" ".join([record.action, *map(shown, words)]), COMMAND)
    if record.reply is None:
        return f"{command} → waits, or was not run"
    if not words and record.action == "XREADGROUP":
        command = f"{record.action}, which waited"
    lost = "" if record.answered else " (nobody hears it)"
    return f"{command} → {reply_in_words(record.reply)}{lost}"


def _destroyed(record: Destroyed) -> str:
    counted = (
        (len(record.entries), "entries"),
        (len(record.acknowledgements), "acknowledgements"),
        (len(record.groups), "groups"),
    )
    what = ", ".join(f"{number} {name}" for number, name in counted if number) or "nothing"
    return f"lost although acknowledged: {what}{f' ({record.why})' if record.why else ''}"


def plan_in_words(plan: Plan) -> Iterator[str]:
    """What was to happen, apart from the faults, a sentence each."""
    shape = plan.shape
    each = f"{shape.consumers} {'consumer' if shape.consumers == 1 else 'consumers'}"
    lanes = f" of {shape.concurrency} handlers at a time" if shape.concurrency > 1 else ""
    workers = f"{shape.workers} {'worker' if shape.workers == 1 else 'workers'}"
    disk = f"appendfsync {shape.appendfsync}" if shape.appendfsync else "no append-only file"
    who = f"{workers} with {each}{lanes} each; " if shape.workers else ""
    yield f"{who}Redis {shape.profile} with {disk}."
    if plan.events:
        yield _events_in_words(plan)
    if plan.buggify:
        yield "Rare branches of the runtime are taken on purpose."
    if plan.broken_for_good:
        yield f"Not healed at the end: {', '.join(plan.broken_for_good)}."


def _events_in_words(plan: Plan) -> str:
    keys = Counter(event.key for event in plan.events)
    odd = [
        (sum(event.fails > 0 for event in plan.events), "fail at first"),
        (sum(event.fails < 0 for event in plan.events), "always fail"),
        (sum(event.undecodable for event in plan.events), "can't be decoded"),
        (sum(event.slow_ms > 0 for event in plan.events), "take their time"),
    ]
    told = [f"{number} {what}" for number, what in odd if number]
    number = len(plan.events)
    start = f"{number} {'event' if number == 1 else 'events'} of {len(keys)} {'key' if len(keys) == 1 else 'keys'}"
    return f"{start}{': ' if told else ''}{', '.join(told)}."
