"""Histories as stories: each line of a test says what happened next, and `history()` is what a checker gets.

One stream, one group, a producer and workers. A millisecond passes with each step. What the server has at the end
follows from what was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from redis_streams.actors import ActorEvent, LeaseLost, checkpoint_key, dead_letter_key
from redis_streams.simulations.history import (
    Applied,
    Destroyed,
    FaultStruck,
    GroupState,
    HandlerEnded,
    HandlerStarted,
    History,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Sent,
    Told,
)
from redis_streams.simulations.plan import At, Fault, Plan, Shape, Site
from redis_streams.simulations.plan._effects import Effect

STREAM, GROUP, PRODUCER = "orders", "billing", "producer"
DEAD = dead_letter_key(STREAM, GROUP)
WALL_MS = 1_700_000_000_000
LEASE_MS = 2000

Outcome = Literal["done", "failed", "cancelled"]


class Story:
    """A history in the making. `server` is the server that things happen on: 1 after a failover."""

    def __init__(
        self, *, shape: Shape | None = None, begins_at: str = "0-0", broken_for_good: Sequence[str] = ()
    ) -> None:
        self.told = History(Plan(1, "story", shape=shape or Shape(), broken_for_good=tuple(broken_for_good)))
        self.now_ms = 0.0
        self.server = 0
        self.ids: dict[str, bytes] = {}
        """The latest raw id of each event."""
        self.entries: dict[bytes, tuple[bytes, ...]] = {}
        self.dead: dict[bytes, tuple[bytes, ...]] = {}
        self.pending: dict[bytes, tuple[str, int]] = {}
        self.unread: dict[bytes, None] = {}
        self.mark: bytes | None = None
        self._open: dict[tuple[str, str], HandlerStarted] = {}
        self._runs = 0
        self._clients: dict[str, int] = {}
        self._former: dict[str, int] = {}
        self._connections = 0
        self.makes_group("worker-1", begins_at)

    # Time and phases

    def later(self, ms: float) -> Story:
        """So much time passes."""
        self.now_ms += ms
        return self

    def enters(self, phase: Literal["safety", "healing", "stopping", "over"]) -> Story:
        """A phase of the run begins."""
        if phase == "healing":
            self.told.healed_at_ms = self.now_ms
        self.told.records.append(Phase(self._tick(), "world", phase))
        return self

    # Publishing

    def publishing(
        self, event: str, *, key: str = "", undecodable: bool = False, fails: int = 0, once_ms: float = 0.0
    ) -> Story:
        """The producer begins to publish."""
        record = Publishing(self._tick(), PRODUCER, STREAM, event, key, undecodable, fails, once_ms)
        self.told.records.append(record)
        return self

    def adds(self, event: str, raw_id: str = "", *, by: str = PRODUCER, event_type: str = "planned") -> Story:
        """The entry comes into the stream."""
        at_ms = self._tick()
        new = raw_id.encode() or b"%d-0" % (WALL_MS + int(at_ms))
        fields = (b"event_id", event.encode(), b"event_type", event_type.encode(), b"payload", b"{}")
        self.ids[event] = new
        self.entries[new] = fields
        self.unread[new] = None
        self._applied(by, b"XADD", STREAM.encode(), new, *fields)
        return self

    def published(self, event: str, outcome: Literal["acknowledged", "unknown", "refused"] = "acknowledged") -> Story:
        """The publish ends."""
        raw_id = self.ids.get(event) if outcome == "acknowledged" else None
        self.told.records.append(Published(self._tick(), PRODUCER, STREAM, event, outcome, raw_id))
        return self

    def publishes(self, *events: str, key: str = "", fails: int = 0, event_type: str = "planned") -> Story:
        """All of it, for each of these."""
        for event in events:
            self.publishing(event, key=key, fails=fails).adds(event, event_type=event_type).published(event)
        return self

    # Delivery

    def makes_group(self, host: str, after: str) -> Story:
        """The group is created, after this id."""
        self._applied(host, b"XGROUP", b"CREATE", STREAM.encode(), GROUP.encode(), after.encode(), b"MKSTREAM")
        self._sent(host, "ensure_group", b"EVALSHA")
        return self

    def reads(self, host: str, *events: str, name: str = "") -> Story:
        """New entries are delivered to a host, whose consumer is called like it, or by another name."""
        for event in events:
            self._hold(host, name or host, event, count=1)
        words = (b"XREADGROUP", b"GROUP", GROUP.encode(), (name or host).encode())
        self._sent(host, "XREADGROUP", *words, reply=b" ".join(self.ids[event] for event in events))
        return self

    def reads_late(self, host: str, *events: str) -> Story:
        """A read of its former process gets there now."""
        now, self._clients[host] = self._client(host), self._former[host]
        self.reads(host, *events)
        self._clients[host] = now
        return self

    def claims(self, host: str, *events: str, name: str = "") -> Story:
        """It takes over what was left."""
        for event in events:
            self._hold(host, name or host, event, count=self.pending.get(self.ids[event], ("", 0))[1] + 1)
        return self._script(host, "claim", name or host)

    def renews(self, host: str, *events: str) -> Story:
        """It keeps what it holds from looking idle."""
        for event in events:
            self._hold(host, host, event, count=self.pending[self.ids[event]][1])
        return self._script(host, "renew", host)

    def hands_back(self, host: str, *events: str, count: int | None = None) -> Story:
        """It gives back what it did not finish; what never began counts as never delivered, unless it says so."""
        begun = {record.raw_id for record in self.told.records if isinstance(record, HandlerStarted)}
        for event in events:
            said = self.pending[self.ids[event]][1] if self.ids[event] in begun else 0
            self._hold(host, host, event, count=said if count is None else count, idle_ms=LEASE_MS)
        return self._script(host, "hand_back", host)

    def delays(self, host: str, event: str, ms: float) -> Story:
        """It lets go of what failed, for so long."""
        self._hold(host, host, event, count=self.pending[self.ids[event]][1])
        words = (b"EVALSHA", b"sha", b"1", STREAM.encode(), GROUP.encode(), host.encode(), b"2000", b"")
        self._sent(host, "delay", *words, self.ids[event], b"%d" % ms)
        return self

    def pauses_everywhere(self, by: str = "worker-9") -> Story:
        """Somebody pauses the whole group."""
        self._applied(by, b"HSET", checkpoint_key(STREAM, GROUP).encode(), b"paused", b"1")
        return self.sends(by, "HSET")

    def resumes_everywhere(self, by: str = "worker-9") -> Story:
        """Somebody has the whole group go on."""
        self._applied(by, b"HDEL", checkpoint_key(STREAM, GROUP).encode(), b"paused")
        return self.sends(by, "HDEL")

    def seeks(self, to: str, *taken_back: str, by: str = "worker-9") -> Story:
        """Somebody has the group go on after this id; these are pending behind it, and delivered anew."""
        for event in taken_back:
            self._applied(by, b"XACK", STREAM.encode(), GROUP.encode(), self.ids[event])
            self.pending.pop(self.ids[event], None)
            self.unread[self.ids[event]] = None
        self._applied(by, b"XGROUP", b"SETID", STREAM.encode(), GROUP.encode(), to.encode())
        return self._script(by, "seek", by)

    # Handling

    def starts(self, host: str, *events: str, key: str = "", delivery: int | None = None) -> Story:
        """A handler begins with each of these."""
        for event in events:
            self._runs += 1
            raw_id = self.ids.get(event, b"9-9")
            of = (STREAM, GROUP, event, raw_id, delivery or self.pending.get(raw_id, ("", 1))[1], self._runs, key)
            self._open[host, event] = HandlerStarted(self._tick(), host, *of)
            self.told.records.append(self._open[host, event])
        return self

    def ends(self, host: str, event: str, outcome: Outcome = "done", *, away: bool = False) -> Story:
        """It ends, in this way."""
        begun = self._open.pop((host, event))
        of = (STREAM, GROUP, event, begun.raw_id, begun.run)
        self.told.records.append(HandlerEnded(self._tick(), host, *of, outcome, away=away))
        return self

    def handles(self, host: str, *events: str) -> Story:
        """It begins with each of these and ends well."""
        for event in events:
            self.starts(host, event).ends(host, event)
        return self

    def fails(self, host: str, event: str) -> Story:
        """It begins and raises."""
        return self.starts(host, event).ends(host, event, "failed")

    def fails_by_an_outage(self, host: str, event: str) -> Story:
        """It begins and raises what says that something is away."""
        return self.starts(host, event).ends(host, event, "failed", away=True)

    # Settling

    def acks(self, host: str, *events: str, name: str = "") -> Story:
        """Entries are acknowledged by our script, which says in whose name."""
        self._acked(host, events)
        return self._script(host, "settle", name or host, *events)

    def says_again(self, host: str, *events: str) -> Story:
        """The script that acknowledges comes once more, and finds nothing."""
        return self._script(host, "settle", host, *events)

    def acks_plainly(self, host: str, *events: str) -> Story:
        """Entries are acknowledged by an XACK that asks nobody."""
        self._acked(host, events)
        self._sent(host, "XACK", b"XACK")
        return self

    def buries(self, host: str, event: str) -> Story:
        """A dead letter is written and the entry acknowledged, in one step."""
        raw_id, dead_id = self.ids[event], b"%d-0" % (WALL_MS + int(self.now_ms))
        about = (b"dead_id", raw_id, b"dead_stream", STREAM.encode(), b"dead_group", GROUP.encode())
        self.dead[dead_id] = (*about, *self.entries.get(raw_id, ()))
        self._applied(host, b"XADD", DEAD.encode(), dead_id, *self.dead[dead_id])
        self._acked(host, [event])
        return self._script(host, "dead_letter", host)

    def fails_to_bury(self, host: str, error: bytes) -> Story:
        """A dead letter is refused."""
        words = (b"EVALSHA", b"sha", b"1", STREAM.encode(), GROUP.encode(), host.encode())
        self._sent(host, "dead_letter", *words, reply=b"-" + error + b"\r\n")
        return self

    def marks(self, host: str, event_or_id: str) -> Story:
        """The watermark is written."""
        self.mark = self.ids.get(event_or_id, event_or_id.encode())
        self._applied(host, b"HSET", checkpoint_key(STREAM, GROUP).encode(), b"id", self.mark)
        return self._script(host, "settle", host)

    # What goes wrong

    def strikes(self, effect: Effect, *, host: str = "", action: str = "", before: bool = True) -> Story:
        """A fault of the plan happens, at a site or at this moment."""
        when = Site(host, action, before=before) if action else At(self.now_ms, host)
        self.told.records.append(FaultStruck(self._tick(), host or "server", Fault(when, effect), 0))
        return self

    def trims(self, keep: int, *, by: str = "") -> Story:
        """The stream is trimmed to so many entries; by nobody of the application, if it is not said by whom."""
        for raw_id in list(self.entries)[: len(self.entries) - keep]:
            del self.entries[raw_id]
            self.unread.pop(raw_id, None)
        self._applied(by, b"XTRIM", STREAM.encode(), b"MAXLEN", b"=", str(keep).encode())
        return self

    def deletes_the_stream(self, *, by: str = "") -> Story:
        """With its group."""
        for kept in (self.entries, self.pending, self.unread):
            kept.clear()
        self._applied(by, b"DEL", STREAM.encode())
        return self

    def destroys(self, *events: str, acknowledgements: Sequence[str] = (), why: str = "power was lost") -> Story:
        """The server loses entries of these events, and acknowledgements of those."""
        lost = tuple((STREAM, self.ids[event], self.entries.pop(self.ids[event])) for event in events)
        for event in events:
            self.unread.pop(self.ids[event], None)
            self.pending.pop(self.ids[event], None)
        undone = tuple((STREAM, GROUP, self.ids[event]) for event in acknowledgements)
        self.unread.update((raw_id, None) for *_, raw_id in undone)
        self.told.records.append(Destroyed(self._tick(), "server", lost, undone, (), why))
        return self

    def skips(self, *events: str) -> Story:
        """The server hands these to nobody, as when a group begins too far ahead."""
        for event in events:
            self.unread.pop(self.ids[event], None)
        return self

    def drops(self, *events: str) -> Story:
        """Their pending rows vanish, as those of a consumer that was deleted."""
        for event in events:
            self.pending.pop(self.ids[event], None)
        return self

    def dies(
        self,
        host: str,
        how: Literal["stopped", "killed", "lost power", "failed", "finished"] = "killed",
        error: str = "",
    ) -> Story:
        """A process ends."""
        self.told.records.append(ProcessEnded(self._tick(), host, 1, how, error))
        return self

    def lives(self, host: str) -> Story:
        """A process starts, with connections of its own."""
        self._former[host] = self._clients.pop(host, 0)
        self.told.records.append(ProcessStarted(self._tick(), host, 1))
        return self

    def tells(self, host: str, event: ActorEvent) -> Story:
        """The runtime tells its observer something."""
        self.told.records.append(Told(self._tick(), host, event))
        return self

    def loses(self, host: str, *events: str) -> Story:
        """A consumer says that these are not its own any more."""
        return self.tells(host, LeaseLost("root", STREAM, GROUP, tuple(self.ids[event] for event in events)))

    def is_refused_for_its_history(self, host: str) -> Story:
        """The group has begun another history than the one in which a host's verdicts were made."""
        self._sent(host, "settle", b"EVALSHA", reply=b"-HISTORY another\r\n")
        return self

    def sends(self, host: str, action: str) -> Story:
        """A command arrives that changes nothing."""
        self._sent(host, action, action.encode())
        return self

    # The end

    def history(self, *, live: bool = True, event_types: Iterable[str] | None = None) -> History:
        """The whole, with what the server has in the end."""
        rows = [(raw_id, name.encode(), count) for raw_id, (name, count) in sorted(self.pending.items())]
        types = None if event_types is None else frozenset(event_types)
        self.told.groups = [GroupState(STREAM, GROUP, rows, tuple(self.unread), self.mark, types)]
        self.told.streams = {STREAM: tuple(self.entries.items()), DEAD: tuple(self.dead.items())}
        self.told.live = live
        return self.told

    def _tick(self) -> float:
        self.now_ms += 1
        return self.now_ms

    def _client(self, host: str) -> int:
        if host and host not in self._clients:
            self._connections += 1
            self._clients[host] = self._connections
        return self._clients.get(host, 0)

    def _applied(self, by: str, *words: bytes) -> None:
        self.told.records.append(Applied(self.now_ms, "server", words, by, self._client(by), self.server))

    def _sent(self, host: str, action: str, *words: bytes, reply: bytes = b"+OK\r\n") -> None:
        """The server notes a command behind what it changed."""
        if host:
            self.told.records.append(Sent(self._tick(), host, self._client(host), action, words, reply))

    def _script(self, host: str, action: str, name: str, *events: str) -> Story:
        raw_ids = (self.ids[event] for event in events)
        self._sent(host, action, b"EVALSHA", b"sha", b"1", STREAM.encode(), GROUP.encode(), name.encode(), *raw_ids)
        return self

    def _hold(self, host: str, name: str, event: str, *, count: int, idle_ms: int = 0) -> None:
        raw_id = self.ids[event]
        self._tick()
        self.unread.pop(raw_id, None)
        self.pending[raw_id] = (name, count)
        given = (b"TIME", b"%d" % (WALL_MS + int(self.now_ms) - idle_ms), b"RETRYCOUNT", b"%d" % count)
        words = (b"XCLAIM", STREAM.encode(), GROUP.encode(), name.encode(), b"0", raw_id, *given, b"FORCE", b"JUSTID")
        self._applied(host, *words)

    def _acked(self, host: str, events: Sequence[str]) -> None:
        for event in events:
            self.pending.pop(self.ids[event], None)
        self._tick()
        self._applied(host, b"XACK", STREAM.encode(), GROUP.encode(), *(self.ids[event] for event in events))
