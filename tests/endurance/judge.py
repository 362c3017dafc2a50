"""What a run on a real server proves: pure reckoning over journals, kills and what Redis says at the end.

What counts. An event is *handled* when a run of its handler has ended well. A second run of it is *explained* by one of
three things, looked at for each run and the one that begins next, in the order of their beginnings:

* **failure**: the earlier run raised, so that its event has to come again.
* **process**: the process of the earlier run was killed after that run began and before the later one did, while the
  run went on or so shortly after its end that its acknowledgement may not have been written yet (`ack_seconds`).
* **server**: the server was killed between them, while the earlier run went on or as shortly after its end, and was
  away for so long that leases may have run out meanwhile: they last for the idle limit (`idle_seconds`) and are renewed
  at a quarter of it. A server that is back sooner explains nothing: who was cut off still owns what it holds.

The server counts as away until clients have noticed that it is back (`reconnect_seconds`). As long as it is, nobody can
acknowledge anything, so that time does not count for the end of a process. Everything else is a bug.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from attrs import field, frozen

Reason = Literal["failure", "process", "server"]

SHOWN = 5
RENEWED_AT = 1 / 4
"""At which part of the idle limit a lease is renewed: when the server goes away, so much of it may be over."""


@frozen
class Run:
    """One run of the handler.

    Attributes:
        event: the event's own id.
        entry: the id of its entry in the stream.
        process: which process ran it; no two in a whole test have the same number.
        begun, ended: seconds on a clock that all processes share; None: its end was not seen.
        failed: it ended by an error.
    """

    event: str
    entry: str
    process: int
    begun: float
    ended: float | None
    failed: bool = False


@frozen
class Outage:
    """The server was killed, and was back."""

    since: float
    until: float


@frozen
class Limits:
    """What is borne, in seconds.

    Attributes:
        idle_seconds: the idle limit of the group.
        ack_seconds: from the end of a run to its acknowledgement, at most.
        reconnect_seconds: from the server's return to the moment when all work with it again, at most.
        held_max: what one process holds at most, so what one kill can have handled again.
    """

    idle_seconds: float
    ack_seconds: float = 1.0
    reconnect_seconds: float = 1.0
    held_max: int = 300


@frozen
class Evidence:
    """What was seen.

    Attributes:
        published: events whose publish was acknowledged.
        runs: all runs, in any order.
        kills: when each process that was killed was killed, by its number.
        outages: of the server.
        length: entries in the stream at the end.
        pending, unread: entries of the group at the end.
        dead: entries in the group's dead-letter stream.
        troubles: what else went wrong, in words: processes that ended by themselves, crashed actors.
    """

    published: Collection[str]
    runs: Sequence[Run]
    kills: Mapping[int, float]
    outages: Sequence[Outage]
    length: int
    pending: int
    unread: int
    dead: int = 0
    troubles: Sequence[str] = ()


@frozen
class Judgement:
    """What follows from the evidence.

    Attributes:
        handled: published events that were handled.
        repeated: runs beyond the first of an event, by what explains them.
        most_by_one_kill: of those that the kill of a process explains, how many one kill does at most.
        faults: what must not be, in words; empty if all is well.
    """

    handled: int
    repeated: Mapping[Reason, int]
    most_by_one_kill: int
    faults: Sequence[str] = field(factory=tuple)


def judge(evidence: Evidence, limits: Limits) -> Judgement:
    """Hold everything that was seen against what was promised."""
    of_event: defaultdict[str, list[Run]] = defaultdict(list)
    for run in sorted(evidence.runs, key=lambda run: run.begun):
        of_event[run.event].append(run)
    handled = {
        event for event, runs in of_event.items() if any(run.ended is not None and not run.failed for run in runs)
    }
    lost = sorted(set(evidence.published) - handled)
    by_reason: Counter[Reason] = Counter()
    by_kill: Counter[int] = Counter()
    unexplained: list[str] = []
    for earlier, later in _pairs(of_event.values()):
        reason = explain(earlier, later, evidence.kills, evidence.outages, limits)
        if reason is None:
            unexplained.append(_words(earlier, later, evidence))
        else:
            by_reason[reason] += 1
            by_kill[earlier.process] += reason == "process"
    most = max(by_kill.values(), default=0)
    faults = [
        *_some("lost", lost),
        *_some("repeated without a reason", unexplained),
        *_some("under two entries", [event for event, runs in of_event.items() if len({r.entry for r in runs}) > 1]),
        *_some("handled and never acknowledged to its publisher", sorted(set(of_event) - set(evidence.published))),
        *_wrong_at_the_end(evidence),
        *evidence.troubles,
    ]
    if most > limits.held_max:
        faults.append(f"one kill repeated {most} runs, and a process holds {limits.held_max} at most")
    return Judgement(len(handled & set(evidence.published)), by_reason, most, faults)


def explain(
    earlier: Run, later: Run, kills: Mapping[int, float], outages: Sequence[Outage], limits: Limits
) -> Reason | None:
    """Why an event was begun again; None: there is no reason."""
    if earlier.failed:
        return "failure"
    away = _away(outages, limits)
    killed = kills.get(earlier.process)
    if killed is not None and earlier.begun <= killed <= later.begun:
        since = killed if earlier.ended is None else min(earlier.ended, killed)
        if _working_seconds(since, killed, away) <= limits.ack_seconds:
            return "process"
    for outage in away:
        between = outage.until >= earlier.begun and outage.since <= later.begun
        in_time = earlier.ended is None or _working_seconds(earlier.ended, outage.since, away) <= limits.ack_seconds
        if between and in_time and outage.until - outage.since >= limits.idle_seconds * (1 - RENEWED_AT):
            return "server"
    return None


def _away(outages: Iterable[Outage], limits: Limits) -> Sequence[Outage]:
    """When nobody could work with the server, in order; those between which nobody noticed that it was back are one."""
    away: list[Outage] = []
    for outage in sorted(outages, key=lambda outage: outage.since):
        until = outage.until + limits.reconnect_seconds
        if away and outage.since <= away[-1].until:
            away[-1] = Outage(away[-1].since, max(until, away[-1].until))
        else:
            away.append(Outage(outage.since, until))
    return away


def _working_seconds(since: float, until: float, away: Sequence[Outage]) -> float:
    """How much of this time the server was there."""
    absent = sum(max(0.0, min(until, outage.until) - max(since, outage.since)) for outage in away)
    return max(0.0, until - since) - absent


def _pairs(runs_of_each: Iterable[Sequence[Run]]) -> Iterable[tuple[Run, Run]]:
    for runs in runs_of_each:
        yield from itertools.pairwise(runs)


def _wrong_at_the_end(evidence: Evidence) -> Iterable[str]:
    if evidence.length != len(set(evidence.published)):
        yield f"{len(set(evidence.published))} events were published, and the stream has {evidence.length} entries"
    if evidence.pending:
        yield f"{evidence.pending} entries are still pending"
    if evidence.unread:
        yield f"{evidence.unread} entries were not read"
    if evidence.dead:
        yield f"{evidence.dead} entries are in the dead-letter stream, and nothing fails so often"


def _some(what: str, found: Sequence[str]) -> Iterable[str]:
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        yield f"{len(found)} {what}: {', '.join(found[:SHOWN])}{more}"


def _words(earlier: Run, later: Run, evidence: Evidence) -> str:
    killed = evidence.kills.get(earlier.process)
    ended = "not seen to end" if earlier.ended is None else f"ended {earlier.ended:.3f}"
    fate = "lives" if killed is None else f"killed {killed:.3f}"
    return (
        f"{earlier.event} ({earlier.entry}) begun {earlier.begun:.3f}, {ended} in process {earlier.process} ({fate}), "
        f"again {later.begun:.3f} in process {later.process}"
    )
