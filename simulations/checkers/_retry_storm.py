"""`retry-storm`: who gets nothing done does not hammer the server.

A host sends at most `COMMANDS_MAX` commands within a second in which nothing gets on there: no handler of it begins or
ends, no publish of it is acknowledged, nothing is acknowledged or delivered to it. No fault excuses it: trouble is what
backoff is for. Connections that are refused are no commands, and are not counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from ..history import HandlerEnded, HandlerStarted, History, Published, Sent
from ._chronicle import chronicle
from ._facts import Acknowledged, Held
from ._verdict import Verdict

NAME = "retry-storm"

COMMANDS_MAX = 200
"""In a second, for each consumer. An idle one sends about 20 where intervals are shortest (reclaim 50 ms); a loop
without a pause sends one in each round trip, which is 500 and more at a millisecond."""

WINDOW_MS = 1000.0


def retry_storm(history: History) -> Iterator[Verdict]:
    """Between two tries in vain there is a pause."""
    most = COMMANDS_MAX * history.plan.shape.consumers
    by_place, names = chronicle(history).by_place, chronicle(history).names
    hosts = {name: host for host, used in names.items() for name in used}
    recent: dict[str, deque[tuple[float, str]]] = {}
    found: set[str] = set()
    for place, record in enumerate(history.records):
        for fact in by_place.get(place, ()):
            if isinstance(fact, Acknowledged):
                recent.pop(fact.by, None)
            elif isinstance(fact, Held) and fact.how == "delivered":
                recent.pop(hosts.get(fact.consumer, ""), None)
        match record:
            case Sent() if record.words:
                sent = recent.setdefault(record.host, deque())
                sent.append((record.at_ms, record.action))
                while sent[0][0] <= record.at_ms - WINDOW_MS:
                    sent.popleft()
                if len(sent) > most and record.host not in found:
                    found.add(record.host)
                    yield _verdict(record.host, [action for _, action in sent])
            case HandlerStarted() | HandlerEnded() | Published(outcome="acknowledged"):
                recent.pop(record.host, None)
            case _:
                pass


def _verdict(host: str, actions: list[str]) -> Verdict:
    action, times = Counter(actions).most_common(1)[0]
    words = f"{host} sent more than {len(actions) - 1} commands within a second, {times} times {action}, to no effect"
    return Verdict(NAME, words, (), action)
