"""The picture of a history, as shapes with places: templates write them down, and nothing here knows how they look.

Time runs to the right; who took part has a lane. A command is an arrow to the server and its reply one back. The life
of an event is a line along everything that moved it: published to the server, read by a worker, handled there, settled
with the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from ..history import UNPLANNED, Applied, FaultStruck, History, ProcessEnded, Record, Sent, ServiceCalled, Told
from ._arrows import arrows, lifeline
from ._axis import Axis, axis_of
from ._bars import phases, processes, publishes, runs, servers, struck_lane, troubles
from ._lanes import Lane, lanes_of
from ._levels import Steps, connections_of, levels_of
from ._lives import Lives
from ._shapes import Canvas, Shape
from ._words import rough_time_in_words

STRIP: Final = 40.0
"""Height of a strip."""
ROOM: Final[Mapping[type[Record], float]] = {Applied: 0.0, Sent: 14.0, FaultStruck: 16.0}
"""Pixels that a record needs before the next one of the same moment; others have `OTHER_ROOM`."""
OTHER_ROOM: Final = 8.0
LOUD: Final = 30
"""As logging counts: WARNING, from which on what a runtime says is worth a look."""


@frozen
class Strip:
    """A level over time."""

    name: str
    y: float
    most: int
    path: str


@frozen
class Picture:
    """Everything that is drawn.

    Attributes:
        bottom: where the last lane ends.
        height: of everything.
    """

    axis: Axis
    lanes: Sequence[Lane]
    phases: Sequence[Shape]
    alive: Sequence[Shape]
    bars: Sequence[Shape]
    arrows: Sequence[Shape]
    marks: Sequence[Shape]
    faults: Sequence[Shape]
    troubles: Sequence[Shape]
    lifelines: Sequence[str]
    strips: Sequence[Strip]
    ticks: Sequence[tuple[float, str]]
    bottom: float
    height: float


def picture_of(history: History, lives: Lives) -> Picture:
    """Draw a history."""
    records = history.records
    room = [ROOM.get(type(record), OTHER_ROOM) for record in records]
    axis = axis_of([record.at_ms for record in records], room)
    canvas = Canvas(records, axis, lanes_of(history), lives)
    strips = list(_strips(history, axis, canvas.lanes.bottom + 30))
    return Picture(
        axis=axis,
        lanes=list(canvas.lanes.by_name.values()),
        phases=list(phases(canvas)),
        alive=[*processes(canvas), *servers(canvas)],
        bars=[*publishes(canvas), *runs(canvas)],
        arrows=list(arrows(canvas)),
        marks=list(_marks(canvas)),
        faults=list(_faults(canvas)),
        troubles=list(troubles(canvas)),
        lifelines=[lifeline(canvas, life.records) for life in lives.lives],
        strips=strips,
        ticks=[(x, rough_time_in_words(time)) for x, time in axis.ticks()],
        bottom=canvas.lanes.bottom,
        height=strips[-1].y + STRIP + 12,
    )


def _marks(canvas: Canvas) -> Iterator[Shape]:
    """Points in a lane: changes of the data, what the runtime says, what handlers do outside, and how processes end."""
    for place, record in enumerate(canvas.records):
        lane, kind = canvas.lanes.of(record), _mark(record)
        if lane is not None and kind:
            y = lane.y + (5 if isinstance(record, Told | ServiceCalled) else lane.height / 2)
            yield Shape(kind, canvas.title(place), place, canvas.lives.of_record[place], canvas.axis.places[place], y)


def _mark(record: Record) -> str:
    """The kind of point that a record is in its lane; "" where it is none."""
    match record:
        case Applied():
            return "change"
        case Told():
            return "told loud" if record.event.level >= LOUD else "told"
        case ServiceCalled():
            return "effect" if record.outcome == "done" else "effect lost"
        case ProcessEnded():
            return "end gentle" if record.how in {"stopped", "finished"} else "end"
        case _:
            return ""


def _faults(canvas: Canvas) -> Iterator[Shape]:
    """A line through everything, its number at the top, and a sign where it struck."""
    for place, record in enumerate(canvas.records):
        if isinstance(record, FaultStruck):
            lane = struck_lane(canvas, record)
            y = lane.y + lane.height / 2 if lane is not None else 0.0
            x, number = canvas.axis.places[place], "?" if record.number == UNPLANNED else str(record.number + 1)
            yield Shape("fault", canvas.title(place), place, (), x, y, text=number)


def _strips(history: History, axis: Axis, y: float) -> Iterator[Strip]:
    pending, unread = levels_of(history)
    for name, steps in (("pending", pending), ("lag", unread), ("connections", connections_of(history))):
        yield _strip(name, steps, axis, y)
        y += STRIP + 14


def _strip(name: str, steps: Steps, axis: Axis, y: float) -> Strip:
    most = max(level for _, level in steps)
    height = STRIP / max(1, most)
    path = [f"M{axis.places[0] if axis.places else 0:.1f} {y + STRIP:.1f}"]
    for place, level in steps:
        path.append(f"H{axis.places[place] if axis.places else 0:.1f}V{y + STRIP - level * height:.1f}")
    path.append(f"H{axis.width - 12:.1f}V{y + STRIP:.1f}Z")
    return Strip(name, y, most, "".join(path))
