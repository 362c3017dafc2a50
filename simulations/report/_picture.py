"""The picture of a history, as shapes with places: templates write them down, and nothing here knows how they look.

Time runs to the right; who took part has a lane. A command is an arrow to the server and its reply one back: they lean
only to show their direction, since a record knows one moment. The life of an event is a line along everything that
moved it: published to the server, read by a worker, handled there, settled with the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

from attrs import frozen

from ..history import (
    Applied,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    History,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    Sent,
    Told,
)
from ._axis import Axis, axis_of
from ._lanes import ROW, SERVER, Lane, Lanes, lanes_of
from ._levels import Steps, connections_of, levels_of
from ._lives import READS, Lives
from ._words import record_in_words, time_in_words

LEAN: Final = 5.0
"""Pixels by which an arrow leans into the direction of time."""
STRIP: Final = 40.0
"""Height of a strip."""
ROOM: Final[Mapping[type[Record], float]] = {Applied: 0.0, Sent: 14.0, FaultStruck: 16.0}
"""Pixels that a record needs before the next one of the same moment; others have 8."""


@frozen
class Shape:
    """Something drawn.

    Attributes:
        kind: the class by which it gets its looks.
        title: what it says when it is pointed at.
        events: places of the events that it belongs to.
        record: its record's place.
        path: for lines, how they go.
        text: what is written on it.
    """

    kind: str
    title: str
    record: int
    events: tuple[int, ...] = ()
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    path: str = ""
    text: str = ""


@frozen
class Strip:
    """A level over time."""

    name: str
    y: float
    most: int
    path: str


@frozen
class Picture:
    """Everything that is drawn, in the order of drawing."""

    axis: Axis
    lanes: Sequence[Lane]
    processes: Sequence[Shape]
    bars: Sequence[Shape]
    arrows: Sequence[Shape]
    marks: Sequence[Shape]
    faults: Sequence[Shape]
    phases: Sequence[Shape]
    strips: Sequence[Strip]
    lifelines: Sequence[str]
    ticks: Sequence[tuple[float, str]]
    bottom: float
    height: float


def picture_of(history: History, lives: Lives) -> Picture:
    """Draw a history."""
    records = history.records
    axis = axis_of([record.at_ms for record in records], [ROOM.get(type(record), 8.0) for record in records])
    lanes = lanes_of(history)
    drawer = _Drawer(records, axis, lanes, lives)
    strips = list(_strips(history, axis, lanes.bottom + 30))
    return Picture(
        axis,
        list(lanes.by_name.values()),
        list(drawer.processes()),
        [*drawer.publishes(), *drawer.runs()],
        list(drawer.commands()),
        list(drawer.marks()),
        list(drawer.faults()),
        list(drawer.phases()),
        strips,
        [drawer.lifeline(life.records) for life in lives.lives],
        [(x, time_in_words(time)) for x, time in axis.ticks()],
        lanes.bottom,
        strips[-1].y + STRIP + 12,
    )


@frozen
class _Drawer:
    """What every shape depends on."""

    records: Sequence[Record]
    axis: Axis
    lanes: Lanes
    lives: Lives

    @cached_property
    def cut(self) -> AbstractSet[int]:
        """Runs of handlers that have no end."""
        started = {record.run for record in self.records if isinstance(record, HandlerStarted)}
        return started - {record.run for record in self.records if isinstance(record, HandlerEnded)}

    @property
    def end(self) -> float:
        """The x behind the last record."""
        return self.axis.width - 12

    def title(self, place: int) -> str:
        """A record in words, with its time and host."""
        record = self.records[place]
        return f"{time_in_words(record.at_ms)} · {record.host} {record_in_words(record)}"

    def phases(self) -> Iterator[Shape]:
        """What the run was about, at the very top."""
        begun = [(place, record) for place, record in enumerate(self.records) if isinstance(record, Phase)]
        for at, (place, record) in enumerate(begun, 1):
            x, end = self.axis.places[place], self.axis.places[begun[at][0]] if at < len(begun) else self.end
            yield Shape(
                f"phase {record.name}",
                self.title(place),
                place,
                x=x,
                width=max(0, end - x),
                height=16,
                text=record.name,
            )

    def processes(self) -> Iterator[Shape]:
        """The time in which a process ran; what has no start recorded was there all the time."""
        for lane in self.lanes.by_name.values():
            since: int | None = None
            recorded = False
            for place, record in enumerate(self.records):
                if record.host != lane.name or not isinstance(record, ProcessStarted | ProcessEnded):
                    continue
                recorded = True
                if isinstance(record, ProcessStarted):
                    since = place
                elif since is not None:
                    yield self._alive(lane, since, self.axis.places[place])
                    since = None
            if since is not None or not recorded:
                yield self._alive(lane, since or 0, self.end)

    def _alive(self, lane: Lane, since: int, end: float) -> Shape:
        x = self.axis.places[since] if since else 0.0
        return Shape(f"alive {lane.kind}", lane.name, since, x=x, y=lane.y, width=end - x, height=lane.height)

    def publishes(self) -> Iterator[Shape]:
        """From the beginning of a publish to its end, if it had one."""
        ends = {record.event_id: place for place, record in enumerate(self.records) if isinstance(record, Published)}
        for place, record in enumerate(self.records):
            lane = self.lanes.of(record)
            if isinstance(record, Publishing) and lane is not None:
                end = ends.get(record.event_id)
                published = self.records[end] if end is not None else None
                outcome = published.outcome if isinstance(published, Published) else "cut"
                yield self._bar(place, end, lane.y + 14, f"publish {outcome}", record.event_id)

    def runs(self) -> Iterator[Shape]:
        """From the start of a handler to its end, or to that of its process."""
        ended = {record.run: place for place, record in enumerate(self.records) if isinstance(record, HandlerEnded)}
        for place, record in enumerate(self.records):
            lane = self.lanes.of(record)
            if isinstance(record, HandlerStarted) and lane is not None:
                end = ended.get(record.run)
                last = self.records[end] if end is not None else None
                outcome = last.outcome if isinstance(last, HandlerEnded) else "cut"
                y = lane.y + 12 + ROW * self.lanes.row_of_run.get(record.run, 0)
                again = f" ×{record.delivery}" if record.delivery > 1 else ""
                end = end if end is not None else self._death(record.host, place)
                yield self._bar(place, end, y, f"run {outcome}", f"{record.event_id}{again}")

    def _death(self, host: str, since: int) -> int | None:
        """Where the process ended after that."""
        return next(
            (
                place
                for place, record in enumerate(self.records[since:], since)
                if isinstance(record, ProcessEnded) and record.host == host
            ),
            None,
        )

    def _bar(self, place: int, end: int | None, y: float, kind: str, text: str) -> Shape:
        x = self.axis.places[place]
        width = max(7.0, (self.axis.places[end] if end is not None else self.end) - x)
        told = self.title(place) if end is None else f"{self.title(place)}\n{self.title(end)}"
        fits = text if len(text) * 6.2 + 6 < width else ""
        return Shape(kind, told, place, self.lives.of_record[place], x, y, width, 16, text=fits)

    def commands(self) -> Iterator[Shape]:
        """Arrows to the server and back."""
        for place, record in enumerate(self.records):
            lane = self.lanes.of(record)
            if isinstance(record, Sent) and lane is not None:
                server = self.lanes.serving(record.client)
                x, events = self.axis.places[place], self.lives.of_record[place]
                down = server.y > lane.y
                far, near = (server.y, lane.line) if down else (server.y + server.height, lane.line)
                kind, title = _kind(record), self.title(place)
                asked = "asked waits" if record.reply is None else "asked"
                yield Shape(f"{asked} {kind}", title, place, events, x, near, path=_arrow(x - LEAN, near, x, far))
                if record.reply is not None:
                    yield self._reply(place, record, (x, far, near))

    def _reply(self, place: int, record: Sent, ends: tuple[float, float, float]) -> Shape:
        x, far, near = ends
        events, title = self.lives.of_record[place], self.title(place)
        if record.answered:
            path = _arrow(x + 1, far, x + 1 + LEAN, near)
            y = far + (near - far) * 0.4
            return Shape(f"answered {_kind(record)}", title, place, events, x + 8, y, path=path, text=record.action)
        middle = far + (near - far) * 0.45
        path = f"M{x + 1:.1f} {far:.1f}L{x + 4:.1f} {middle:.1f}m-5 -5l10 10m0 -10l-10 10"
        return Shape("answered lost", title, place, events, x + 11, middle, path=path, text=record.action)

    def marks(self) -> Iterator[Shape]:
        """Points in a lane: changes of the data, what the runtime says, and how processes end."""
        for place, record in enumerate(self.records):
            lane = self.lanes.of(record)
            kind = _mark(record)
            if lane is not None and kind:
                y = lane.y + (lane.height / 2 if not isinstance(record, Told) else 5)
                yield Shape(kind, self.title(place), place, self.lives.of_record[place], self.axis.places[place], y)

    def faults(self) -> Iterator[Shape]:
        """A line through everything, its number at the top, and a sign where it struck."""
        for place, record in enumerate(self.records):
            if isinstance(record, FaultStruck):
                server = record.fault.effect.strikes == "server"
                host = SERVER if server else record.fault.when.host or record.host
                lane = self.lanes.by_name.get(host)
                y = lane.y + lane.height / 2 if lane is not None else 0.0
                x = self.axis.places[place]
                yield Shape("fault", self.title(place), place, (), x, y, text=str(record.number + 1))

    def lifeline(self, places: Sequence[int]) -> str:
        """A line along everything that moved an event."""
        last = 0
        points: list[tuple[float, float]] = []
        for place in places:
            record = self.records[place]
            if isinstance(record, HandlerStarted):
                last = record.run
            if not isinstance(record, HandlerEnded) or record.run == last:  # else the line would go to and fro
                points.extend(self._points(place))
        return "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))

    def _points(self, place: int) -> Iterator[tuple[float, float]]:
        record, x = self.records[place], self.axis.places[place]
        lane = self.lanes.of(record)
        if lane is None:
            return
        match record:
            case Publishing():
                yield x, lane.y + 22
            case HandlerStarted() | HandlerEnded():
                y = lane.y + 20 + ROW * self.lanes.row_of_run.get(record.run, 0)
                yield x, y
                if record.run in self.cut and (end := self._death(record.host, place)) is not None:
                    yield self.axis.places[end], y  # from here on it is nobody's, and the server has it
                    yield self.axis.places[end] + LEAN, self.lanes.server(0).line
            case Sent() if record.action in READS:
                if record.reply is not None and record.answered:
                    server = self.lanes.serving(record.client)
                    yield from ((x, server.line), (x + LEAN, lane.line))
            case Sent():
                yield from ((x - LEAN, lane.line), (x, self.lanes.serving(record.client).line))
            case _:
                pass


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line with a head; all of them stand nearly upright."""
    back = -5 if to_y > y else 5
    return f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}m-3 {back}l3 {-back}l3 {back}"


def _kind(record: Sent) -> str:
    """What a command is for, by which arrows have their colours."""
    if record.action == "XADD":
        return "adds"
    if record.action in {"settle", "XACK", "hand_back", "dead_letter", "XACKDEL"}:
        return "settles"
    if record.action in {"claim", "XCLAIM", "XAUTOCLAIM", "take_own"}:
        return "claims"
    return "reads" if record.action in READS else "asks"


def _mark(record: Record) -> str:
    """The kind of point that a record is in its lane; "" where it is none."""
    match record:
        case Applied():
            return "change"
        case Told():
            return "told loud" if record.event.level >= _LOUD else "told"
        case ProcessEnded():
            return "end gentle" if record.how in {"stopped", "finished"} else "end"
        case _:
            return ""


_LOUD: Final = 30
"""As logging counts: WARNING, from which on what a runtime says is worth a look."""


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
