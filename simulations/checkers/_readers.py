"""Who got what a read delivered: it may have been a process that had ended by then.

A command that is on its way, or a read that blocks, outlives the process that sent it. What the server gives to such a
read is pending under the consumer's name, and its next process may have looked before.
"""

from __future__ import annotations

from ..history import History, ProcessEnded, Sent
from ._chronicle import chronicle
from ._facts import Held
from ._runs import Of


def was_read_by_the_dead(history: History, of: Of) -> bool:
    """Whether the last one who was given this entry was the read of a process that had ended before."""
    facts = chronicle(history).facts
    given = [fact.at for fact in facts if isinstance(fact, Held) and _is(fact, of)]
    if not given:
        return False
    reader = next(
        (sent for sent in history.records[given[-1] :] if isinstance(sent, Sent) and _brought(sent, of)), None
    )
    if reader is None:
        return False
    opened_at = next(
        place
        for place, record in enumerate(history.records)
        if isinstance(record, Sent) and record.client == reader.client
    )
    return any(
        isinstance(record, ProcessEnded) and record.host == reader.host
        for record in history.records[opened_at : given[-1]]
    )


def _is(fact: Held, of: Of) -> bool:
    return (fact.stream, fact.group, fact.raw_id) == of and fact.how == "delivered"


def _brought(sent: Sent, of: Of) -> bool:
    return sent.action == "XREADGROUP" and of[2] in (sent.reply or b"")
