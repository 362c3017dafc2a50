"""Faults strike: which one, when a run comes by its site, and what it does there.

A site is passed when a command arrives at the server, a host connects, or a handler begins. The plan may have faults
for that very time; each of them strikes once, and the history says so. Faults of moments strike when their time comes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..history import Destroyed, FaultStruck
from ..plan import (
    CONNECT,
    Answer,
    At,
    Blackhole,
    CrashActor,
    CrashServer,
    CutPower,
    CutReply,
    Delay,
    DeleteEntries,
    DeleteStream,
    DestroyGroup,
    Effect,
    FailOver,
    Fault,
    ForgetScripts,
    KillClients,
    KillProcess,
    LosePower,
    LoseReply,
    LoseRequest,
    Partition,
    PauseProcess,
    PauseServer,
    Refuse,
    RestartEmpty,
    ShiftClock,
    Site,
    StartTwin,
    StopProcess,
)
from ..server import Destroyed as Lost
from ..server._refusals import READ_ONLY
from ._network import Connection
from ._redis import Passing, RedisNode

if TYPE_CHECKING:
    from ._host import Host
    from ._world import World

Numbered = tuple[int, Fault]

ERRORS = {
    "OOM": b"OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY": READ_ONLY,
    "MISCONF": b"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "LOADING": b"LOADING Redis is loading the dataset in memory",
    "NOREPLICAS": b"NOREPLICAS Not enough good replicas to write.",
    "BUSY": b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "TRYAGAIN": b"TRYAGAIN Multiple keys request during rehashing of slot",
}


class Strikes:
    """The faults of a plan, as the run comes by them."""

    def __init__(self, world: World, faults: Sequence[Fault]) -> None:
        self._world = world
        self._by_site: defaultdict[tuple[str, str, int], list[Numbered]] = defaultdict(list)
        self._turns = Counter[tuple[str, str]]()
        self.struck: set[int] = set()
        """The faults that have happened, by their places in the plan."""
        self._split: dict[RedisNode, Callable[[], None]] = {}
        """How the part of an old primary ends that goes on."""
        self.armed = True
        """Whether faults still happen; not any more once the world is being healed."""
        for number, fault in enumerate(faults):
            if isinstance(fault.when, Site):
                self._by_site[fault.when.host, fault.when.action, fault.when.turn].append((number, fault))

    def plan_moments(self) -> None:
        """Have faults strike that have a time."""
        for number, fault in enumerate(self._world.plan.faults):
            if isinstance(fault.when, At):
                self._world.clock.call_at(fault.when.ms / 1000, partial(self._strike_in_time, number, fault))

    def at(self, host: str, action: str) -> Sequence[Numbered]:
        """The run comes by; what is to strike there at this time."""
        self._turns[host, action] += 1
        if not self.armed:
            return ()
        return self._by_site.get((host, action, self._turns[host, action]), ())

    def pass_connect(self, host: Host) -> Callable[[Connection], None]:
        """A host connects: what strikes before that strikes now, the answer strikes the connection."""
        later: list[Numbered] = []
        for number, fault in self.at(host.name, CONNECT):
            if fault.effect.strikes == "link" and not isinstance(fault.effect, Refuse | Partition):
                later.append((number, fault))
            else:
                self.strike(number, fault, host, None)

        def strike(connection: Connection) -> None:
            for number, fault in later:
                self.strike(number, fault, host, connection)

        return strike

    def pass_command(self, connection: Connection, action: str) -> Passing | None:
        """A command has arrived: what strikes before it strikes now, the rest is in the answer."""
        faults = self.at(connection.host.name, action)
        if not faults:
            return None
        passing = Passing()
        for number, fault in faults:
            self._meet(number, fault, connection, passing)
        return passing

    def _meet(self, number: int, fault: Fault, connection: Connection, passing: Passing) -> None:
        note = partial(self.note, number, fault)
        match fault.effect:
            case LoseReply():
                note()
                passing.on_reply.append(partial(self._lose, connection))
            case CutReply() as effect:
                note()
                passing.on_reply.append(partial(self._cut, connection, effect.after_bytes))
            case Blackhole(direction="replies"):
                note()
                connection.lets_replies = False
            case Delay() as effect:
                note()
                passing.late_seconds += effect.ms / 1000
            case _ if isinstance(fault.when, Site) and not fault.when.before:
                passing.after.append(partial(self.strike, number, fault, connection.host, connection))
            case effect:
                self.strike(number, fault, connection.host, connection)
                passing.runs &= not isinstance(effect, LoseRequest | Blackhole | KillProcess | CutPower)

    def _lose(self, connection: Connection, _data: bytes) -> bytes:
        connection.reset()
        return b""

    def _cut(self, connection: Connection, after_bytes: int, data: bytes) -> bytes:
        connection.to_client(data[:after_bytes])
        connection.reset_in_order()
        return b""

    def strike(self, number: int, fault: Fault, host: Host | None, connection: Connection | None) -> None:
        """A fault happens."""
        if not self.armed:
            return
        self.note(number, fault)
        effect = fault.effect
        if effect.strikes == "link":
            self._strike_link(effect, host, connection)
        elif effect.strikes == "server":
            self._strike_server(effect, fault, host)
        elif host is not None:
            self._strike_process(effect, host, connection)

    def note(self, number: int, fault: Fault) -> None:
        """A fault happens, and whoever came by sees to what it does."""
        self.struck.add(number)
        where = "server" if fault.effect.strikes == "server" else fault.when.host or "server"
        self._world.note(FaultStruck(self._world.now_ms, where, fault, number))

    # The families

    def _strike_link(self, effect: Effect, host: Host | None, connection: Connection | None) -> None:
        now, every = self._world.clock.now, self._world.network.connections
        struck = [connection] if connection else [each for each in every if host in (None, each.host)]
        match effect:
            case LoseRequest() | LoseReply() | CutReply():
                for each in struck:
                    each.reset()
            case Blackhole():
                for each in struck:
                    each.lets_requests &= effect.direction == "replies"
                    each.lets_replies &= effect.direction == "requests"
            case Delay():
                for each in struck:
                    each.delay(effect.ms / 1000)
            case Refuse() | Partition():
                name = "refused_until" if isinstance(effect, Refuse) else "cut_off_until"
                for each_host in [host] if host else self._world.hosts.values():
                    setattr(each_host, name, now + effect.ms / 1000)
            case _:
                raise AssertionError(f"no link fault: {effect}")

    def _strike_server(self, effect: Effect, fault: Fault, host: Host | None) -> None:
        world, node = self._world, self._world.primary
        match effect:
            case Answer():
                node.refuses_with = ERRORS[effect.error]
                world.clock.call_at(world.clock.now + effect.ms / 1000, partial(setattr, node, "refuses_with", None))
            case PauseServer():
                node.hang(effect.ms / 1000)
            case CrashServer() | LosePower() if node.is_listening:
                self._lost(node.crash(power_lost=isinstance(effect, LosePower)), fault)
                back = partial(node.come_back, loading_seconds=effect.loading_ms / 1000)
                world.clock.call_at(world.clock.now + effect.ms / 1000, back)
            case RestartEmpty():
                self._lost(node.begin_empty(), fault)
            case FailOver():
                self._lost_in_time(effect, fault)
            case KillClients():
                node.close_connections([each for each in world.network.connections if host in (None, each.host)])
            case ShiftClock():
                node.clock_shift_us += int(effect.ms * 1000)
            case _ if node.is_listening:
                self._meddle(effect)
            case _:
                pass

    def _meddle(self, effect: Effect) -> None:
        node = self._world.primary
        match effect:
            case ForgetScripts():
                node.do("SCRIPT", "FLUSH")
            case DestroyGroup():
                for stream, group in self._world.groups:
                    node.do("XGROUP", "DESTROY", stream, group)
            case DeleteStream():
                for stream in self._world.streams:
                    node.do("DEL", stream)
            case DeleteEntries():
                for stream in self._world.streams:
                    node.do("XTRIM", stream, "MAXLEN", effect.keep)
            case _:
                pass

    def _lost_in_time(self, effect: FailOver, fault: Fault) -> None:
        """The name leads to a replica; the old primary goes on for a while with those who know it."""
        world, old = self._world, self._world.primary
        process, ask_lost = old.replica(effect.lag_ms / 1000)
        old.is_listening = old.is_listening and (effect.split_ms > 0 or effect.stays)
        world.add_node(process)

        def end() -> None:
            if old in self._split:
                self._split.pop(old)
                self._lost(ask_lost(world.primary.engine), fault)
                if effect.stays:
                    old.demote()
                else:
                    old.leave()

        self._split[old] = end
        if effect.split_ms:
            world.clock.call_at(world.clock.now + effect.split_ms / 1000, end)
        else:
            end()

    def end_splits(self) -> None:
        """Old primaries that still serve somebody are gone now: what only they had is lost, by name."""
        for end in list(self._split.values()):
            end()

    def _strike_process(self, effect: Effect, host: Host, connection: Connection | None) -> None:
        world = self._world
        match effect:
            case KillProcess() | CutPower():
                host.end_at_once(power_lost=isinstance(effect, CutPower))
                world.start_again(host, effect.ms / 1000)
            case StopProcess():
                world.stop_and_start_again(host, effect.ms / 1000)
            case PauseProcess():
                host.stand_still(effect.ms / 1000)
            case CrashActor():
                for each in [connection] if connection else world.network.of(host)[:1]:
                    each.crash_reader("a bug of the plan")
            case StartTwin():
                world.start_twin(host, effect.ms / 1000)
            case _:
                pass  # a handler's fault, at a site that is no handler

    def _lost(self, lost: Lost, fault: Fault) -> None:
        if not lost:
            return
        self._world.note(
            Destroyed(
                self._world.now_ms,
                "server",
                tuple((each.stream.decode(), _id(each.id), tuple(each.fields)) for each in lost.entries),
                tuple((each.stream.decode(), each.group.decode(), _id(each.id)) for each in lost.acknowledgements),
                tuple((each.stream.decode(), each.group.decode()) for each in lost.groups),
                fault.in_words(),
            )
        )

    def _strike_in_time(self, number: int, fault: Fault) -> None:
        self.strike(number, fault, self._world.hosts.get(fault.when.host), None)


def _id(entry_id: tuple[int, int]) -> bytes:
    return b"%d-%d" % entry_id
