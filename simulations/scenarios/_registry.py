"""All scenarios by name: an application, and what plans for it may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from attrs import frozen

from ..plan import CONNECT, HANDLER, Domain, Fault, LoseReply, Plan, Site, draw_plan
from ..world import Scenario
from ._basic import (
    alone,
    at_most_once,
    backlog,
    batches,
    graceful_stop,
    killers,
    letters_refused,
    plain_producer,
    redriving,
    retries,
    rolling_restart,
    same_ids,
    slow_retries,
    two_groups,
    workers,
)
from ._operating import operated
from ._outages import dependency_down
from ._reading import fan_out
from ._retaining import retaining
from ._retrying import retrying_producer
from ._scheduling import scheduled


@frozen
class BuiltIn:
    """A scenario of ours.

    Attributes:
        name: as in ``redis-streams simulate NAME``.
        about: what it is there to find, in a sentence.
        run: the application.
        domain: what its plans may hold.
    """

    name: str
    about: str
    run: Scenario
    domain: Domain = Domain()

    def plan(self, seed: int, preset: str = "swarm") -> Plan:
        """The plan of a seed."""
        return draw_plan(seed, self.name, self.domain, preset)


_PROCESS: Final = frozenset({"kill-process", "cut-power", "stop-process", "pause-process", "crash-actor", "start-twin"})
_SERVER: Final = frozenset({"crash-server", "lose-power", "fail-over", "pause-server", "kill-clients", "answer"})
_LINK: Final = frozenset({"lose-request", "lose-reply", "cut-reply", "blackhole", "delay", "refuse", "partition"})

_ALL: Final[Sequence[BuiltIn]] = (
    BuiltIn(
        "single",
        "one consumer in one process: nobody else is there to make good what it leaves behind",
        workers,
        Domain(workers=(1, 1), consumers=(1, 1)),
    ),
    BuiltIn(
        "many",
        "many consumers in several processes share a group, and take over from each other",
        workers,
        Domain(workers=(2, 4), consumers=(1, 3), concurrency=(1, 4)),
    ),
    BuiltIn(
        "alone",
        "one consumer, and nobody who reclaims: what it left pending it has to find by itself",
        alone,
        # Without anybody who reclaims nothing is delivered again that has failed, or that a twin took along.
        Domain(
            workers=(1, 1),
            consumers=(1, 1),
            events=(10, 30),
            fails=0.0,
            slow=0.4,
            slow_ms_max=600.0,
            kinds=_LINK | {"kill-process", "cut-power", "stop-process", "pause-server", "kill-clients"},
            always=(*["delay"] * 4, "lose-reply"),
            span_ms=8000.0,
        ),
    ),
    BuiltIn(
        "late-reads",
        "reads come to the server after they were given up, and deliver to a lone consumer with its hands full",
        alone,
        Domain(
            workers=(1, 1),
            consumers=(1, 1),
            concurrency=(1, 2),
            prefetch=(2,),
            events=(15, 30),
            slow=0.9,
            slow_ms_max=1500.0,
            fails=0.0,
            kinds=frozenset({"delay"}),
            span_ms=8000.0,
        ),
    ),
    BuiltIn(
        "alone-again",
        "the only process is killed and comes back: what it had in hand nobody else looks for",
        alone,
        Domain(
            workers=(1, 1),
            consumers=(1, 1),
            concurrency=(2, 3),
            events=(10, 30),
            fails=0.0,
            slow=0.6,
            slow_ms_max=600.0,
            kinds=frozenset({"kill-process", "cut-power", "stop-process", "pause-process", "delay", "kill-clients"}),
            always=("kill-process", "cut-power"),
        ),
    ),
    BuiltIn(
        "long-handlers",
        "handlers run for longer than the idle limit, and nobody may take their entries",
        workers,
        Domain(events=(3, 10), slow=0.6, slow_ms_max=9000.0, span_ms=8000.0),
    ),
    BuiltIn(
        "pauses",
        "processes stand still, also for longer than the idle limit, while they have much in hand",
        workers,
        Domain(
            workers=(2, 3),
            events=(5, 12),
            prefetch=(None, 2, 2, 3),
            slow=0.6,
            slow_ms_max=6000.0,
            always=("pause-process", "pause-process"),
            span_ms=6000.0,
        ),
    ),
    BuiltIn(
        "still-readers",
        "processes stand still while a read waits: others may have taken over what it brings before they see it",
        workers,
        Domain(
            workers=(2, 3),
            events=(10, 20),
            prefetch=(None, 2, 2, 3),
            slow=0.0,
            fails=0.0,
            kinds=frozenset({"pause-process"}),
            always=("pause-process",) * 3,
            span_ms=6000.0,
        ),
    ),
    BuiltIn(
        "poison",
        "some events always fail; all others are handled",
        workers,
        Domain(fails=0.2, fails_max=-1),
    ),
    BuiltIn(
        "retries",
        "many events fail some times, and are tried again at once and later, whoever has crashed meanwhile",
        retries,
        Domain(fails=0.5, fails_max=4, events=(5, 15), workers=(1, 3), always=("kill-process",)),
    ),
    BuiltIn(
        "slow-retries",
        "what is slow fails, too: what comes again is held, renewed and handed back as what comes first",
        slow_retries,
        Domain(
            workers=(1, 3),
            events=(4, 10),
            slow=0.7,
            slow_ms_max=5000.0,
            fails=0.6,
            fails_max=3,
            kinds=frozenset({"stop-process", "pause-process"}),
            always=("stop-process", "stop-process"),
            span_ms=8000.0,
        ),
    ),
    BuiltIn(
        "redriving",
        "dead letters are given back to their stream again and again, also when nobody heard that it was done",
        redriving,
        Domain(
            fails=0.4, fails_max=-1, events=(3, 8), kinds=_LINK | {"kill-process", "kill-clients", "forget-scripts"}
        ),
    ),
    BuiltIn(
        "letters-refused",
        "events always fail while Redis takes no dead letters: all others go on, and the letters are written later",
        letters_refused,
        Domain(
            fails=0.3,
            fails_max=-1,
            undecodable=0.1,
            slow=0.6,
            slow_ms_max=1000.0,
            workers=(1, 2),
            concurrency=(2, 3),
            events=(10, 25),
            kinds=frozenset({"kill-process", "stop-process", "crash-actor", "raise"}),
            span_ms=6000.0,
        ),
    ),
    BuiltIn(
        "killers",
        "some events kill the process that handles them, each time, and with it what others have in hand",
        killers,
        Domain(fails=0.15, fails_max=-1, concurrency=(1, 2), events=(5, 12), kinds=_LINK | {"stop-process", "raise"}),
    ),
    BuiltIn(
        "dependency-down",
        "something that handlers need is away for longer than deliveries last, and nothing is given up for it",
        dependency_down,
        Domain(
            workers=(1, 3),
            consumers=(1, 2),
            concurrency=(2, 3),
            events=(3, 10),
            fails=0.15,
            fails_max=-1,
            kinds=_LINK | {"kill-process", "stop-process", "pause-process", "raise", "crash-actor", "answer"},
            span_ms=8000.0,
        ),
    ),
    BuiltIn(
        "backlog",
        "events that always fail stand before others in the pending list, also where the server can't pick idle ones",
        backlog,
        Domain(fails=0.3, fails_max=-1, fails_once=0.3, events=(10, 25), profiles=("5.0", "5.0", "7.0")),
    ),
    BuiltIn(
        "full-hands",
        "what failed is offered again while everybody has much in hand; little else happens, so that all of it counts",
        workers,
        Domain(
            concurrency=(1, 2),
            prefetch=(2, 3, 4),
            events=(10, 25),
            slow=0.5,
            slow_ms_max=1500.0,
            fails=0.4,
            kinds=frozenset({"raise"}),
            span_ms=4000.0,
        ),
    ),
    BuiltIn(
        "undecodable",
        "some entries were written by programs that know nothing of us: they go to the dead letters",
        workers,
        Domain(undecodable=0.3),
    ),
    BuiltIn(
        "trimming",
        "entries are trimmed away unread and pending",
        workers,
        Domain(slow=0.4, slow_ms_max=600.0, fails=0.2, always=("delete-entries", "delete-entries", "kill-process")),
    ),
    BuiltIn(
        "retention",
        "what need not be kept is removed all the time, while groups lag, are destroyed, and their consumers killed",
        retaining,
        Domain(
            workers=(1, 2),
            consumers=(1, 1),
            events=(8, 15),
            slow=0.3,
            slow_ms_max=600.0,
            fails=0.3,
            kinds=_LINK | _PROCESS | {"crash-server", "pause-server", "kill-clients", "destroy-group", "raise"},
            always=("kill-process", "destroy-group"),
            actions=(
                "retain",
                "retain",
                "XREADGROUP",
                "XREADGROUP",
                "settle",
                "settle",
                "ensure_group",
                HANDLER,
                CONNECT,
            ),
        ),
    ),
    BuiltIn(
        "group-lost",
        "somebody destroys the group: it is created again at the checkpoint",
        workers,
        Domain(always=("destroy-group",), often=(Fault(Site("worker-1", "ensure_group", 3), LoseReply()),)),
    ),
    BuiltIn(
        "stream-lost",
        "the stream goes with all its groups, by a DEL or with the whole server",
        workers,
        Domain(always=("delete-stream", "restart-empty")),
    ),
    BuiltIn(
        "failover",
        "a replica that lags takes over",
        workers,
        Domain(always=("fail-over",), kinds=_LINK | {"fail-over", "kill-process", "crash-server", "raise"}),
    ),
    BuiltIn(
        "split-brain",
        "for a while two servers take themselves for the primary, and each has clients",
        workers,
        Domain(always=("fail-over",), kinds=_LINK | {"fail-over", "kill-process", "raise"}, split_ms=(100.0, 10_000.0)),
    ),
    BuiltIn(
        "power-loss",
        "the server loses what it had not synced",
        workers,
        Domain(always=("lose-power",), appendfsync=("everysec", "no", "always")),
    ),
    BuiltIn(
        "retrying-producer",
        "a producer publishes again, under the same event id, whatever it does not know to be there",
        retrying_producer,
        Domain(kinds=_LINK | {"crash-server", "answer", "pause-server", "kill-clients", "forget-scripts"}),
    ),
    BuiltIn(
        "scheduled",
        "events are scheduled and cancelled, and recur, while those are killed who look for what is due",
        scheduled,
        Domain(
            workers=(2, 3),
            events=(4, 12),
            slow=0.0,
            appendfsync=("always",),
            kinds=_LINK | _PROCESS | {"crash-server", "pause-server", "kill-clients", "answer", "forget-scripts"},
            always=("lose-reply", "kill-process"),
            producer=0.4,
            actions=("fire", "fire", "fire", "recur", "recur", "XREADGROUP", "settle", CONNECT),
            producer_actions=("schedule", "schedule", "fire", "recur", "unschedule", CONNECT),
            span_ms=4000.0,
        ),
    ),
    BuiltIn(
        "plain-producer",
        "a producer gives up early and is told what it can't know; without tokens nothing is sent again behind it",
        plain_producer,
        Domain(kinds=_LINK | {"crash-server", "answer", "pause-server", "kill-clients"}, producer=0.7),
    ),
    BuiltIn(
        "publish-once",
        "a producer is killed and begins again with the event that it was at, or two of them publish the same",
        retrying_producer,
        Domain(
            events=(5, 12),
            kinds=_LINK | _SERVER | {"kill-process", "cut-power", "pause-process", "start-twin", "forget-scripts"},
            always=("lose-reply", "kill-process"),
            producer=0.7,
        ),
    ),
    BuiltIn(
        "graceful-stop",
        "processes are stopped gracefully at any moment, some of them hastily in the end",
        graceful_stop,
        Domain(
            slow=0.4,
            slow_ms_max=4000.0,
            kinds=_PROCESS | _LINK | {"answer", "crash-server", "slow"},
            always=("stop-process", "stop-process"),
        ),
    ),
    BuiltIn(
        "stop-while-reading",
        "a process is stopped while one read follows on the other: what a read has just brought is not left behind",
        workers,
        Domain(
            workers=(1, 1),
            consumers=(1, 3),
            events=(30, 50),
            slow=0.0,
            fails=0.0,
            kinds=frozenset({"stop-process"}),
            span_ms=4000.0,
        ),
    ),
    BuiltIn(
        "at-most-once",
        "what is begun was acknowledged before: nothing begins twice, and what is lost by that was in somebody's hands",
        at_most_once,
        Domain(
            workers=(2, 3),
            events=(10, 25),
            slow=0.4,
            slow_ms_max=4000.0,
            fails=0.1,
            undecodable=0.1,
            appendfsync=("always",),
            kinds=_PROCESS | _LINK | {"crash-server", "pause-server", "kill-clients", "answer", "raise", "slow"},
            always=("kill-process", "stop-process", "lose-reply"),
            span_ms=4000.0,
        ),
    ),
    BuiltIn(
        "operated",
        "the group is paused while it works, in one process and in all of them, and moved back and forth",
        operated,
        Domain(slow=0.3, slow_ms_max=1500.0, fails=0.2, events=(10, 25), span_ms=6000.0),
    ),
    BuiltIn(
        "rolling-restart",
        "one process after the other is stopped and started, as in a deployment",
        rolling_restart,
        Domain(workers=(2, 4), events=(10, 30), slow=0.3, slow_ms_max=1000.0, span_ms=4000.0),
    ),
    BuiltIn(
        "rough-starts",
        "actors crash, also while others start that need them",
        workers,
        Domain(workers=(1, 2), kinds=_PROCESS | _LINK, always=("crash-actor",) * 4),
    ),
    BuiltIn(
        "clock-jump",
        "wall clocks jump",
        workers,
        Domain(always=("shift-clock",), kinds=_PROCESS | _LINK | {"shift-clock", "fail-over", "crash-server"}),
    ),
    BuiltIn(
        "same-ids",
        "ids stand still, so that what a fault destroyed makes room for other events with the same ids",
        same_ids,
        Domain(
            appendfsync=("everysec", "no"),
            kinds=_LINK | {"lose-power", "fail-over", "crash-server"},
            always=("lose-power", "fail-over"),
        ),
    ),
    BuiltIn(
        "same-name",
        "two processes call themselves by one consumer name",
        workers,
        Domain(always=("start-twin",)),
    ),
    BuiltIn(
        "batches",
        "handlers get lists",
        batches,
        Domain(events=(10, 30), fails=0.15, undecodable=0.15),
    ),
    BuiltIn(
        "fan-out",
        "each process sees every event, from a place of its own, whatever becomes of processes and of the stream",
        fan_out,
        Domain(
            workers=(2, 2),
            events=(8, 20),
            slow=0.3,
            slow_ms_max=600.0,
            fails=0.15,
            fails_max=3,
            kinds=_LINK
            | _PROCESS
            | _SERVER
            | {"forget-scripts", "raise", "slow", "delete-stream", "delete-entries", "restart-empty"},
            always=("kill-process", "delete-stream", "start-twin"),
            actions=("XREAD", "XREAD", "reader_mark", "reader_mark", "reader_begin", HANDLER, HANDLER, CONNECT),
            span_ms=4000.0,
        ),
    ),
    BuiltIn(
        "two-groups",
        "two groups read one stream: each of them handles every event",
        two_groups,
        Domain(workers=(1, 2)),
    ),
)

SCENARIOS: Final[Mapping[str, BuiltIn]] = MappingProxyType({scenario.name: scenario for scenario in _ALL})
"""Every built-in scenario by its name."""
