"""`paused`: while a group is paused, no handler of it begins.

From the moment at which a consumer tells that it is paused, until it tells that it goes on, no handler of its group
begins on its host. What ran by then may end. A consumer that is started anew tells anew. How soon a process learns that
the group was paused in all of them is not judged: nobody can tell it while its link is broken.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...actors import ChildStarted, ConsumptionPaused, ConsumptionResumed
from ..history import HandlerStarted, History, ProcessEnded, Told
from ._verdict import Verdict
from ._words import text

NAME = "paused"


def paused(history: History) -> Iterator[Verdict]:
    """A pause is one."""
    since: dict[tuple[str, str], ConsumptionPaused] = {}
    for record in history.records:
        match record:
            case Told(host=host, event=ConsumptionPaused() as told):
                since[host, told.path] = told
            case Told(host=host, event=ConsumptionResumed(path=path) | ChildStarted(path=path)):
                since.pop((host, path), None)
            case ProcessEnded(host=host):
                for key in [key for key in since if key[0] == host]:
                    del since[key]
            case HandlerStarted(host=host, event_id=event_id):
                of = (record.stream, record.group)
                if any(name == host and (told.stream, told.group) == of for (name, _), told in since.items()):
                    who = f"{event_id or 'an entry'} ({text(record.raw_id)} of {record.stream})"
                    yield Verdict(NAME, f"{host} began {who} while {record.group} was paused", (event_id,), "begun")
            case _:
                pass
