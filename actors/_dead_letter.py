"""Makes a dead letter of an entry: its own fields as they are, and before them what a person needs to look into it.

What is told about it begins with ``dead_``, and ``dead_own`` says how many fields behind it are the entry's own: some
program may call one of its fields so. Its times need no fields: the ids of both entries have them, the one in the
stream by when it was published, the dead letter's own by when it died.
"""

from __future__ import annotations

import traceback
from typing import Final

from ..wire import Entry
from ._messages import DeadLetter
from ._observer import text_of

MESSAGE_CHARACTERS_MAX: Final = 1000
"""Of what an error says: some quote the whole input."""

TRACEBACK_CHARACTERS_MAX: Final = 4000
"""About forty frames; of a longer one the end is kept, where it was raised."""


def dead_letter(
    entry: Entry,
    *,
    stream: str,
    group: str,
    consumer: str,
    deliveries: int,
    reason: str,
    error: BaseException | None = None,
    identity: tuple[str, str] = ("", ""),
) -> DeadLetter:
    """What is written to the dead-letter stream.

    Args:
        entry: what died.
        stream: where it was.
        group: who could not handle it.
        consumer: which of its members gave it up.
        deliveries: how often it had been delivered.
        reason: why, in words.
        error: what its handler raised the last time.
        identity: the event's own id and its type, as far as they can be read.
    """
    event_id, event_type = identity
    about = {
        "dead_id": entry.raw_id,
        "dead_stream": stream.encode(),
        "dead_group": group.encode(),
        "dead_consumer": consumer.encode(),
        "dead_deliveries": b"%d" % deliveries,
        "dead_reason": _encoded(reason),
    }
    if event_id:
        about["dead_event_id"] = _encoded(event_id)
    if event_type:
        about["dead_event_type"] = _encoded(event_type)
    if error is not None:
        about["dead_error"] = _encoded(type(error).__qualname__)
        about["dead_message"] = _encoded(_message(error))
        about["dead_traceback"] = _encoded(_traceback(error))
    about["dead_own"] = b"%d" % (len(entry.fields or ()) // 2)
    flat = [part for name, value in about.items() for part in (name.encode(), value)]
    return DeadLetter(entry.raw_id, (*flat, *(entry.fields or ())))


def error_words(error: BaseException) -> str:
    """An error in one line, as far as it fits."""
    said = _message(error)
    name = type(error).__name__
    return f"{name}: {' '.join(said.split())}" if said else name


def _message(error: BaseException) -> str:
    said = text_of(error)
    return said if len(said) <= MESSAGE_CHARACTERS_MAX else said[:MESSAGE_CHARACTERS_MAX] + " …"


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:  # noqa: BLE001 - a user's error, see `text_of`
        return ""
    return text if len(text) <= TRACEBACK_CHARACTERS_MAX else "… " + text[-TRACEBACK_CHARACTERS_MAX:]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
