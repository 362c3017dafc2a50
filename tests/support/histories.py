"""Histories made by hand, for what reads histories: short enough to know every record of them."""

from __future__ import annotations

from attrs import define, field
from redis_streams.actors import EntriesReclaimed, HandlerFailed
from redis_streams.simulations.checkers import Verdict
from redis_streams.simulations.history import (
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
    Sent,
    Told,
)
from redis_streams.simulations.plan import (
    At,
    Fault,
    KillProcess,
    LoseReply,
    PauseServer,
    Plan,
    PlannedEvent,
    Shape,
    Site,
    plan_to_json,
)
from redis_streams.simulations.report import Batch, Failure, FailureLink, PlantedBug

STREAM, GROUP = "orders", "billing"
EPOCH = 1_700_000_000_000
CLIENTS = {"shop": 3, "worker-1": 4, "worker-2": 5}


@define(eq=False)
class Writer:
    """Writes down what would have happened, a step of the runtime at a time; `now` is the virtual time in ms.

    As in real histories a command stands after the changes that it made.
    """

    history: History
    now: float = 0.0
    runs: int = 0
    raw_ids: dict[str, bytes] = field(factory=dict)
    running: dict[tuple[str, str], int] = field(factory=dict)

    def note(self, *records: object) -> None:
        self.history.records.extend(records)

    def start(self, *hosts: str, incarnation: int = 1) -> None:
        """Processes start."""
        for host in hosts:
            self.note(ProcessStarted(self.now, host, incarnation))

    def phase(self, name: str) -> None:
        self.note(Phase(self.now, "server", name))

    def send(self, host: str, action: str, words: str, reply: bytes | None = b"+OK\r\n", **options: bool) -> None:
        """A command arrives at the server."""
        self.note(
            Sent(self.now, host, CLIENTS.get(host, 9), action, tuple(words.encode().split(b" ")), reply, **options)
        )

    def change(self, words: str, by: str = "") -> None:
        """The server's data changes."""
        self.note(Applied(self.now, "server", tuple(words.encode().split(b" ")), by, CLIENTS.get(by, 0)))

    def create(self) -> None:
        """The group is made."""
        self.change(f"XGROUP CREATE {STREAM} {GROUP} 0 MKSTREAM", "worker-1")
        self.send("worker-1", "ensure_group", f"EVALSHA d1 2 {STREAM} c {GROUP} 0")

    def publish(self, event_id: str, key: str = "a", host: str = "shop") -> None:
        """An event is published, which takes a millisecond."""
        raw_id = f"{EPOCH + int(self.now)}-0"
        words = f"XADD {STREAM} {{}} event_id {event_id} event_type order.placed payload {{{{}}}}"
        self.note(Publishing(self.now, host, STREAM, event_id, key))
        self.now += 0.5
        self.change(words.format(raw_id), host)
        self.send(host, "XADD", words.format("*"), f"${len(raw_id)}\r\n{raw_id}\r\n".encode())
        self.now += 0.5
        self.note(Published(self.now, host, STREAM, event_id, "acknowledged", raw_id.encode()))
        self.raw_ids[event_id] = raw_id.encode()

    def read(self, host: str, *event_ids: str) -> None:
        """Entries are given to a consumer; without any it waits."""
        words = f"XREADGROUP GROUP {GROUP} {host} COUNT 10 BLOCK 2000 STREAMS {STREAM} >"
        ids = [self.raw_ids[event_id] for event_id in event_ids]
        entries = b"".join(b"*2\r\n$%d\r\n%s\r\n*0\r\n" % (len(raw_id), raw_id) for raw_id in ids)
        reply = b"*1\r\n*2\r\n$6\r\norders\r\n*%d\r\n%s" % (len(ids), entries)
        for raw_id in ids:
            self.change(self._claim(host, raw_id), host)
        self.send(host, "XREADGROUP", words, reply if ids else None)
        self.now += 0.5

    def reclaim(self, host: str, *event_ids: str) -> None:
        """A consumer takes over what another one left."""
        ids = [self.raw_ids[event_id] for event_id in event_ids]
        reply = b"*%d\r\n%s" % (len(ids), b"".join(b"$%d\r\n%s\r\n" % (len(raw_id), raw_id) for raw_id in ids))
        for raw_id in ids:
            self.change(self._claim(host, raw_id), host)
        self.send(host, "claim", f"EVALSHA d2 1 {STREAM} {GROUP} {host} 1000 0-0 10", reply)
        if ids:
            self.note(Told(self.now, host, EntriesReclaimed("root/reclaimer", STREAM, GROUP, tuple(ids))))
        self.now += 0.5

    def _claim(self, host: str, raw_id: bytes) -> str:
        text = raw_id.decode()
        return f"XCLAIM {STREAM} {GROUP} {host} 0 {text} TIME 0 RETRYCOUNT 1 FORCE JUSTID LASTID {text}"

    def begin(self, host: str, event_id: str, delivery: int = 1) -> None:
        """A handler begins."""
        self.runs += 1
        self.running[host, event_id] = self.runs
        raw_id = self.raw_ids[event_id]
        self.note(HandlerStarted(self.now, host, STREAM, GROUP, event_id, raw_id, delivery, self.runs, "a"))

    def end(self, host: str, event_id: str, outcome: str = "done") -> None:
        """A handler ends."""
        raw_id, run = self.raw_ids[event_id], self.running.pop((host, event_id))
        self.note(HandlerEnded(self.now, host, STREAM, GROUP, event_id, raw_id, run, outcome))
        if outcome == "failed":
            error = ValueError("no such <b>customer</b>")
            self.note(Told(self.now, host, HandlerFailed("root/consumer", STREAM, GROUP, raw_id, 1, error)))

    def settle(self, host: str, *event_ids: str, answered: bool = True) -> None:
        """Entries are acknowledged."""
        ids = " ".join(self.raw_ids[event_id].decode() for event_id in event_ids)
        last = self.raw_ids[event_ids[-1]]
        reply = b"*2\r\n:%d\r\n$%d\r\n%s\r\n" % (len(event_ids), len(last), last)
        self.now += 0.5
        self.change(f"XACK {STREAM} {GROUP} {ids}", host)
        self.send(host, "settle", f"EVALSHA d3 2 {STREAM} c {GROUP} {host} 1 {ids}", reply, answered=answered)
        self.now += 0.5

    def strike(self, number: int) -> None:
        """A fault of the plan strikes."""
        fault = self.history.plan.faults[number]
        self.note(FaultStruck(self.now, fault.when.host or "server", fault, number))

    def stop(self, *hosts: str) -> None:
        """Processes stop gracefully."""
        for host in hosts:
            self.now += 1.5
            self.note(ProcessEnded(self.now, host, 1, "stopped"))


LOST_REPLY = Plan(
    41,
    "many-workers",
    shape=Shape(workers=2),
    events=tuple(PlannedEvent(at, key) for at, key in ((10, "a"), (14, "b"), (30, "a"), (34, "c"))),
    faults=(
        Fault(Site("worker-1", "settle", before=False), LoseReply()),
        Fault(At(52, "worker-1"), KillProcess(5000)),
    ),
)


def duplicate_run() -> History:
    """A lost reply; then worker-1 is killed with order-3 in hand, which worker-2 takes over and runs twice."""
    writer = _begun(LOST_REPLY, reply_lost=True)
    writer.begin("worker-1", "order-3")
    writer.now = 41
    writer.begin("worker-2", "order-4")
    writer.now = 52
    writer.strike(1)
    writer.note(ProcessEnded(52.0, "worker-1", 1, "killed"))
    writer.now = 55
    writer.end("worker-2", "order-4")
    writer.settle("worker-2", "order-4")
    writer.read("worker-2")
    for _ in range(2):
        writer.now += 500
        writer.reclaim("worker-2")
    writer.now = 1560
    writer.reclaim("worker-2", "order-3")
    _handled_twice(writer)
    writer.now = 5052
    writer.start("worker-1", incarnation=2)
    writer.read("worker-1")
    _over(writer)
    return writer.history


def _handled_twice(writer: Writer) -> None:
    """What a bug would do: the entry is in hand, and taken in hand once more."""
    writer.begin("worker-2", "order-3", 2)
    writer.now += 4
    writer.reclaim("worker-2", "order-3")
    first = writer.running["worker-2", "order-3"]
    writer.begin("worker-2", "order-3", 3)
    writer.now += 4
    raw_id = writer.raw_ids["order-3"]
    writer.note(HandlerEnded(writer.now, "worker-2", STREAM, GROUP, "order-3", raw_id, first, "done"))
    writer.now += 6
    writer.end("worker-2", "order-3")
    writer.settle("worker-2", "order-3")


def well() -> History:
    """The same without the faults' effects: every event runs once."""
    writer = _begun(LOST_REPLY, reply_lost=False)
    writer.begin("worker-1", "order-3")
    writer.now = 41
    writer.begin("worker-2", "order-4")
    writer.now = 46
    writer.end("worker-1", "order-3")
    writer.settle("worker-1", "order-3")
    writer.now = 55
    writer.end("worker-2", "order-4")
    writer.settle("worker-2", "order-4")
    writer.read("worker-2")
    _over(writer)
    return writer.history


def _begun(plan: Plan, *, reply_lost: bool) -> Writer:
    writer = Writer(History(plan))
    writer.phase("safety")
    writer.start("shop", "worker-1", "worker-2")
    writer.now = 1.0
    writer.create()
    writer.now = 2.0
    writer.read("worker-1")
    writer.read("worker-2")
    writer.now = 10.0
    writer.publish("order-1")
    writer.read("worker-1", "order-1")
    writer.begin("worker-1", "order-1")
    writer.now = 14.0
    writer.publish("order-2", "b")
    writer.read("worker-2", "order-2")
    writer.begin("worker-2", "order-2")
    writer.now = 17.0
    writer.end("worker-1", "order-1")
    if reply_lost:
        writer.strike(0)
    writer.settle("worker-1", "order-1", answered=not reply_lost)
    if reply_lost:  # it does not know what came of it, and says it once more
        writer.send("worker-1", "CLIENT", "CLIENT SETNAME worker-1")
        writer.settle("worker-1", "order-1")
    writer.now = 21.0
    writer.end("worker-2", "order-2", "failed")
    writer.begin("worker-2", "order-2", 2)
    writer.now = 26.0
    writer.end("worker-2", "order-2")
    writer.settle("worker-2", "order-2")
    writer.now = 30.0
    writer.publish("order-3")
    writer.read("worker-1", "order-3")
    writer.now = 34.0
    writer.publish("order-4", "c")
    writer.read("worker-2", "order-4")
    return writer


def _over(writer: Writer) -> None:
    writer.now += 300
    writer.phase("healing")
    writer.now += 100
    writer.phase("stopping")
    writer.stop("shop", "worker-1", "worker-2")
    writer.phase("over")


def long_run(events: int = 150) -> History:
    """Bursts of events with long waits between them, and a server that hangs in the middle: more than 1,000 records."""
    plan = Plan(
        7, "bursts", events=tuple(PlannedEvent() for _ in range(events)), faults=(Fault(At(9000), PauseServer()),)
    )
    writer = Writer(History(plan))
    writer.phase("safety")
    writer.start("shop", "worker-1", "worker-2")
    writer.create()
    for number in range(events):
        if number == events // 2:
            writer.strike(0)
            writer.now += 1000
        name, host = f"event-{number + 1:03}", f"worker-{number % 2 + 1}"
        writer.now += 3000.0 if number % 10 == 0 else 2.0
        writer.publish(name, "abc"[number % 3])
        writer.read(host, name)
        writer.begin(host, name)
        writer.now += 4 + number % 5
        writer.end(host, name)
        writer.settle(host, name)
    _over(writer)
    return writer.history


def failure(history: History | None = None, nearest: History | None = None) -> Failure:
    """As a checker would tell it."""
    history = history or duplicate_run()
    words = "order-3 ran 3 times, although one fault touched it: worker-2 had it in hand and began with it once more"
    verdict = Verdict("bounded-duplicates", words, ("order-3",), "twice")
    replay = f"redis-streams simulate --replay '41:{plan_to_json(history.plan)}'"
    return Failure("violated", (verdict,), history, "5f3a9c01d2", replay, nearest=nearest)


def batch() -> Batch:
    """Two failures, a point that was never hit, and a planted bug of each sort: found, late, by another one, missed."""
    states = ("idle", "reading", "handling", "settling", "stopping")
    kinds = ("lose-reply", "kill-process", "pause-process", "fail-over", "lose-power")
    return Batch(
        "many-workers, poison, failover",
        runs=2000,
        seconds=71.4,
        virtual_seconds=18_600,
        seed_base=41,
        preset="swarm",
        faults={kind: 900 // (place + 1) ** 2 for place, kind in enumerate(kinds)},
        sometimes={"the lease is lost while the handler runs": 12, "a group is created twice": 340, "NOSCRIPT": 0},
        coverage={
            (kind, state): 200 // (x * y + 1) if (x + y) % 7 != 6 else 0
            for x, kind in enumerate(kinds)
            for y, state in enumerate(states)
        },
        planted=(
            PlantedBug("acknowledges before the handler", "ack-implies-done", "ack-implies-done", (1, 2, 1, 4, 2), 1),
            PlantedBug("the lease begins at the handler", "fenced", "fenced", (31, 60, 118, 9, 240), 2),
            PlantedBug("blind XADD again", "bounded-duplicates", "publish-once", (12, 7, 30, 4, 16), 1),
            PlantedBug("the breaker is missing", "", "poison-bounded"),
        ),
        failures=(
            FailureLink(
                41, "many-workers", "bounded-duplicates", "order-3 ran 3 times", "failure-41.html", 2, "redis-streams …"
            ),
            FailureLink(977, "failover", "no-loss", "<order> & co. is gone", "failure-977.html", 1),
        ),
    )
