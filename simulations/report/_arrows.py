"""What moves: commands to the server, replies back, and events along with them.

A record of a command knows one moment, so arrows lean to show a direction, not a duration. A read that blocks has two
records: one without a reply when it begins to wait, and one without words when it gets something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ..history import HandlerEnded, HandlerStarted, Publishing, Sent
from ._lanes import ROW, Lane
from ._lives import READS
from ._shapes import LEAN, Canvas, Shape

STEP: Final = 8.0
"""Pixels in which a lifeline goes from lane to lane, however long it stayed before."""
SETTLES: Final = ("settle", "XACK", "hand_back", "dead_letter", "XACKDEL")
CLAIMS: Final = ("claim", "XCLAIM", "XAUTOCLAIM", "take_own")


def arrows(canvas: Canvas) -> Iterator[Shape]:
    """All commands and replies."""
    for place, record in enumerate(canvas.records):
        if isinstance(record, Sent):
            yield from _command(canvas, place, record)


def _command(canvas: Canvas, place: int, record: Sent) -> Iterator[Shape]:
    lane = canvas.lanes.of(record)
    if lane is None:
        return
    x, events, title = canvas.axis.places[place], canvas.lives.of_record[place], canvas.title(place)
    near, far = _ends(lane, canvas.lanes.serving(record.client))
    asked = "asked waits" if record.reply is None else "asked"
    if record.words:
        came = canvas.axis.places[canvas.arrival(place)]
        path = _arrow(came - LEAN, near, came, far)
        yield Shape(f"{asked} {_kind(record)}", title, place, events, came, near, path=path)
    if record.reply is None:
        return
    if record.answered:
        kind = "answered refused" if record.reply[:1] == b"-" else f"answered {_kind(record)}"
        part = 0.7 if record.action in SETTLES else 0.35  # a quick handler's read and settle are close to each other
        y, path = far + (near - far) * part, _arrow(x + 1, far, x + 1 + LEAN, near)
        yield Shape(kind, title, place, events, x + 8, y, path=path, text=record.action)
    else:
        middle = far + (near - far) * 0.45
        path = f"M{x + 1:.1f} {far:.1f}L{x + 4:.1f} {middle:.1f}m-5 -5l10 10m0 -10l-10 10"
        yield Shape("answered lost", title, place, events, x + 11, middle, path=path, text=record.action)


def _ends(lane: Lane, server: Lane) -> tuple[float, float]:
    """Where an arrow meets the host's lane and the server's."""
    return lane.line, server.y if server.y > lane.y else server.y + server.height


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line with a head; all of them stand nearly upright."""
    back = -5 if to_y > y else 5
    return f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}m-3 {back}l3 {-back}l3 {back}"


def _kind(record: Sent) -> str:
    """What a command is for, by which arrows have their colours."""
    if record.action == "XADD":
        return "adds"
    if record.action in SETTLES:
        return "settles"
    if record.action in CLAIMS:
        return "claims"
    return "reads" if record.action in READS else "asks"


def lifeline(canvas: Canvas, places: Sequence[int]) -> str:
    """A line along everything that moved an event."""
    last = 0
    points: list[tuple[float, float]] = []
    for place in sorted(places, key=lambda place: _moves_at(canvas, place)):
        record = canvas.records[place]
        if isinstance(record, HandlerStarted):
            last = record.run
        if not isinstance(record, HandlerEnded) or record.run == last:  # else the line would go to and fro
            points.extend(_points(canvas, place))
    for at, ((x, y), (next_x, next_y)) in reversed(list(enumerate(pairwise(points), 1))):
        if next_y != y and next_x - x > 2 * STEP:  # it stays where it is, and then goes over
            points.insert(at, (next_x - STEP, y))
    return "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))


def _moves_at(canvas: Canvas, place: int) -> tuple[int, int]:
    """In which order records move an event: a command comes before the changes that it makes, unless it reads."""
    record = canvas.records[place]
    if isinstance(record, Sent) and record.action not in READS:
        return canvas.arrival(place), 0
    return place, 1


def _points(canvas: Canvas, place: int) -> Iterator[tuple[float, float]]:
    """Where an event comes by with this record."""
    record, x = canvas.records[place], canvas.axis.places[place]
    lane = canvas.lanes.of(record)
    if lane is None:
        return
    match record:
        case Publishing():
            yield x, lane.y + 22
        case HandlerStarted() | HandlerEnded():
            yield from _points_of_run(canvas, place, record)
        case Sent() if record.reply is None or record.reply[:1] == b"-":
            pass
        case Sent() if record.action in READS:
            if record.answered:
                yield from ((x, canvas.lanes.serving(record.client).line), (x + LEAN, lane.line))
        case Sent():
            x = canvas.axis.places[canvas.arrival(place)]
            yield from ((x - LEAN, lane.line), (x, canvas.lanes.serving(record.client).line))
        case _:
            pass


def _points_of_run(canvas: Canvas, place: int, record: HandlerStarted | HandlerEnded) -> Iterator[tuple[float, float]]:
    lane = canvas.lanes.by_name[record.host]
    y = lane.y + 20 + ROW * canvas.lanes.row_of_run.get(record.run, 0)
    yield canvas.axis.places[place], y
    if isinstance(record, HandlerStarted) and record.run in canvas.cut:
        end = canvas.death(record.host, place)
        if end is not None:  # from there on it is nobody's, and the server has it
            yield canvas.axis.places[end], y
            yield canvas.axis.places[end] + LEAN, canvas.lanes.server(0).line
