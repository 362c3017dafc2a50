"""What lasts: the life of a process or server, a publish, the run of a handler, a phase of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..history import (
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
)
from ..plan import CrashServer, Effect, FailOver, LosePower
from ._lanes import ROW, Lane
from ._shapes import BAR, Canvas, Shape


def phases(canvas: Canvas) -> Iterator[Shape]:
    """What the run was about, at the very top."""
    begun = [(place, record) for place, record in enumerate(canvas.records) if isinstance(record, Phase)]
    for at, (place, record) in enumerate(begun, 1):
        x, end = canvas.axis.places[place], canvas.axis.places[begun[at][0]] if at < len(begun) else canvas.end
        kind = f"phase {record.name}"
        yield Shape(kind, canvas.title(place), place, x=x, width=max(0, end - x), height=BAR, text=record.name)


def processes(canvas: Canvas) -> Iterator[Shape]:
    """The time in which a process ran; what has no start recorded was there all the time."""
    for lane in canvas.lanes.by_name.values():
        if lane.kind == "server":
            continue
        since: float | None = None
        recorded = False
        for place, record in enumerate(canvas.records):
            if record.host == lane.name and isinstance(record, ProcessStarted):
                recorded, since = True, canvas.axis.places[place] if since is None else since
            elif record.host == lane.name and isinstance(record, ProcessEnded) and since is not None:
                yield _alive(lane, since, canvas.axis.places[place])
                since = None
        if since is not None or not recorded:
            yield _alive(lane, since or 0.0, canvas.end)


def servers(canvas: Canvas) -> Iterator[Shape]:
    """The time in which each server ran: until it crashed, or another one took over."""
    number, since = 0, 0.0
    for place, record in enumerate(canvas.records):
        effect = record.fault.effect if isinstance(record, FaultStruck) else None
        x, lane = canvas.axis.places[place], canvas.lanes.server(number)
        match effect:
            case CrashServer() | LosePower():
                yield _alive(lane, since, x)
                since = canvas.axis.x_at(record.at_ms + effect.ms)
            case FailOver():
                yield _alive(lane, since, canvas.axis.x_at(record.at_ms + effect.split_ms))
                number, since = number + 1, x
            case _:
                pass
    yield _alive(canvas.lanes.server(number), since, canvas.end)


def _alive(lane: Lane, x: float, end: float) -> Shape:
    return Shape(f"alive {lane.kind}", lane.name, 0, x=x, y=lane.y, width=max(0.0, end - x), height=lane.height)


def troubles(canvas: Canvas) -> Iterator[Shape]:
    """For how long a fault lasts: a line along the lane that it struck."""
    for place, record in enumerate(canvas.records):
        if isinstance(record, FaultStruck):
            lane, ms = struck_lane(canvas, record), duration_ms(record.fault.effect)
            if lane is not None and ms > 0:
                x = canvas.axis.places[place]
                width = min(canvas.end, canvas.axis.x_at(record.at_ms + ms)) - x
                y = lane.y + lane.height - 3
                yield Shape("trouble", canvas.title(place), place, x=x, y=y, width=width, height=4)


def struck_lane(canvas: Canvas, record: FaultStruck) -> Lane | None:
    """Whose fault it is: the server's, or that of the host it names."""
    if record.fault.effect.strikes == "server":
        return canvas.lanes.server(0)
    return canvas.lanes.by_name.get(record.fault.when.host or record.host)


def duration_ms(effect: Effect) -> float:
    """How long it lasts; 0 for what is over at once, a jump of a clock among it."""
    ms: object = getattr(effect, "ms", 0.0)
    return ms if isinstance(ms, float) and effect.kind != "shift-clock" else 0.0


def publishes(canvas: Canvas) -> Iterator[Shape]:
    """From the beginning of a publish to its end, if it had one."""
    ends = _ends_of_publishes(canvas)
    for place, record in enumerate(canvas.records):
        lane = canvas.lanes.of(record)
        if isinstance(record, Publishing) and lane is not None:
            end = ends.get(place)
            published = canvas.records[end] if end is not None else None
            outcome = published.outcome if isinstance(published, Published) else "cut"
            end = end if end is not None else canvas.death(record.host, place)
            yield _bar(canvas, (place, end), lane.y + 14, f"publish {outcome}", record.event_id)


def _ends_of_publishes(canvas: Canvas) -> Mapping[int, int]:
    """Of each publish that ended, where: one event may be published several times, one after the other."""
    begun: dict[tuple[str, str], list[int]] = {}
    ends: dict[int, int] = {}
    for place, record in enumerate(canvas.records):
        if isinstance(record, Publishing):
            begun.setdefault((record.host, record.event_id), []).append(place)
        elif isinstance(record, Published) and begun.get((record.host, record.event_id)):
            ends[begun[record.host, record.event_id].pop(0)] = place
    return ends


def runs(canvas: Canvas) -> Iterator[Shape]:
    """From the start of a handler to its end, or to that of its process."""
    ended = {record.run: place for place, record in enumerate(canvas.records) if isinstance(record, HandlerEnded)}
    for place, record in enumerate(canvas.records):
        lane = canvas.lanes.of(record)
        if isinstance(record, HandlerStarted) and lane is not None:
            end = ended.get(record.run)
            last = canvas.records[end] if end is not None else None
            outcome = last.outcome if isinstance(last, HandlerEnded) else "cut"
            y = lane.y + 12 + ROW * canvas.lanes.row_of_run.get(record.run, 0)
            again = f" ×{record.delivery}" if record.delivery > 1 else ""
            end = end if end is not None else canvas.death(record.host, place)
            yield _bar(canvas, (place, end), y, f"run {outcome}", f"{record.event_id}{again}")


def _bar(canvas: Canvas, ends: tuple[int, int | None], y: float, kind: str, text: str) -> Shape:
    place, end = ends
    x = canvas.axis.places[place]
    width = max(7.0, (canvas.axis.places[end] if end is not None else canvas.end) - x)
    told = canvas.title(place) if end is None else f"{canvas.title(place)}\n{canvas.title(end)}"
    fits = text if len(text) * 6.2 + 6 < width else ""
    return Shape(kind, told, place, canvas.lives.of_record[place], x, y, width, BAR, text=fits)
