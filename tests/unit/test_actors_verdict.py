"""Verdicts, and the events that say what became of entries, in words."""

from __future__ import annotations

import logging

import pytest
from redis_streams.actors import (
    DONE,
    ActorEvent,
    ChildCrashed,
    ChildRestarting,
    ChildStarted,
    DeadLettered,
    DeadLettersRefused,
    DependencyAway,
    Done,
    EventsDropped,
    Failed,
    HandlerFailed,
    LeaseLost,
    Resumed,
    RetryLater,
    StuckAfterCancel,
    Undecodable,
)
from redis_streams.actors._events import IDS_SHOWN
from redis_streams.actors._observer import in_words

IDS = tuple(b"%d-0" % number for number in range(1, 10))


def test_verdicts_compare_by_what_they_say() -> None:
    """The hot path compares with the one `Done` there is; another one says the same."""
    assert Done() == DONE
    error = ValueError("x")
    assert Failed(error) == Failed(error)
    assert Failed(None) != Failed(error)
    assert Undecodable("no") != Undecodable("never")


@pytest.mark.parametrize(
    ("event", "words", "level"),
    [
        (ChildStarted("p", 1), "ChildStarted", logging.DEBUG),
        (ChildCrashed("p", 1, ValueError("bad")), "crashed: ValueError: bad", logging.ERROR),
        (ChildRestarting("p", 0.126, 2), "restarting in 0.13 s (restart 2 in the period)", logging.INFO),
        (StuckAfterCancel("p", 1), "was cancelled and does not go; the stop waits for it", logging.ERROR),
        (Resumed("p", "reading", 2.51, 1), "resumed reading after 2.5 s and 1 try", logging.INFO),
        (Resumed("p", "reading", 2.51, 3), "resumed reading after 2.5 s and 3 tries", logging.INFO),
        (
            HandlerFailed("p", "s", "g", b"7-0", 2, None),
            "handler declined 7-0 stays pending (delivery 2)",
            logging.WARNING,
        ),
        (
            HandlerFailed("p", "s", "g", b"7-0", 2, ValueError("bad")),
            "handler raised ValueError: bad; 7-0 stays pending (delivery 2)",
            logging.WARNING,
        ),
        (
            HandlerFailed("p", "s", "g", b"7-0", 1, None, comes_again=False),
            "handler declined 7-0 does not come again: it is not pending any more",
            logging.WARNING,
        ),
        (EventsDropped("p", "s", "g", IDS[:2], "why"), "dropped 1-0, 2-0 of s for g: why", logging.WARNING),
        (DeadLettered("p", "s", "g", b"7-0", "not JSON"), "7-0 goes to the dead letters: not JSON", logging.WARNING),
        (
            DeadLettersRefused("p", "s", "g", IDS[:1], ValueError("WRONGTYPE no stream")),
            "the dead letters of s for g are refused (WRONGTYPE no stream): 1-0 stay pending, and it is tried again",
            logging.ERROR,
        ),
        (LeaseLost("p", "s", "g", IDS[:2]), "somebody else owns now: 1-0, 2-0", logging.WARNING),
        (LeaseLost("p", "s", "g", IDS), "somebody else owns now: 9 entries from 1-0 to 9-0", logging.WARNING),
    ],
)
def test_an_event_says_in_words_what_happened(event: ActorEvent, words: str, level: int) -> None:
    """A line of a log, at the level it deserves."""
    assert event.words() == words
    assert event.level == level


class Wordless(RetryLater):
    """What it says can't be made."""

    def __str__(self) -> str:
        raise TypeError


@pytest.mark.parametrize(
    "event",
    [
        ChildCrashed("p", 1, Wordless()),
        HandlerFailed("p", "s", "g", b"7-0", 1, Wordless()),
        DependencyAway("p", "s", "g", "till", Wordless(), 1.0),
    ],
)
def test_an_error_without_words_is_told_all_the_same(event: ActorEvent) -> None:
    """Its class is a user's, and may be broken."""
    assert "(its text can't be made)" in event.words()


def test_a_few_ids_are_shown_whole() -> None:
    """More than a line holds are counted."""
    for count in range(1, len(IDS) + 1):
        words = LeaseLost("p", "s", "g", IDS[:count]).words()
        assert ("entries from" in words) is (count > IDS_SHOWN)


def test_an_error_alone_in_its_groups_is_shown_itself() -> None:
    """Nurseries wrap what is raised in them; several errors stay a group."""
    group = pytest.importorskip("exceptiongroup").ExceptionGroup
    assert in_words(group("outer", [group("inner", [ValueError("bad")])])) == "ValueError: bad"
    assert in_words(group("two", [ValueError("a"), KeyError("b")])).startswith("ExceptionGroup: two")
