"""Dead letters: the entry's own fields, and what a person needs to know."""

from __future__ import annotations

from redis_streams.actors._dead_letter import (
    MESSAGE_CHARACTERS_MAX,
    TRACEBACK_CHARACTERS_MAX,
    dead_letter,
    error_words,
)
from redis_streams.wire import Entry

ENTRY = Entry(b"7-0", [b"event_type", b"a", b"payload", b"\xff\x00"])


def fields(error: Exception | None = None, reason: str = "r", identity: tuple[str, str] = ("", "")) -> dict[str, bytes]:
    letter = dead_letter(
        ENTRY, stream="s", group="g", consumer="c", deliveries=3, reason=reason, error=error, identity=identity
    )
    assert letter.raw_id == b"7-0"
    assert list(letter.fields[-4:]) == ENTRY.fields
    flat = letter.fields
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_it_says_what_where_and_why() -> None:
    """And nothing that is not known."""
    assert fields() == {
        "dead_id": b"7-0",
        "dead_stream": b"s",
        "dead_group": b"g",
        "dead_consumer": b"c",
        "dead_deliveries": b"3",
        "dead_reason": b"r",
        "dead_own": b"2",
        "event_type": b"a",
        "payload": b"\xff\x00",
    }


def test_it_says_which_event_it_is_and_what_was_raised() -> None:
    """With the traceback, down to the line."""
    about = fields(raised(KeyError("sku")), identity=("e-1", "order.placed"))
    assert (about["dead_event_id"], about["dead_event_type"]) == (b"e-1", b"order.placed")
    assert (about["dead_error"], about["dead_message"]) == (b"KeyError", b"'sku'")
    assert b"in raised" in about["dead_traceback"]
    assert about["dead_traceback"].endswith(b"KeyError: 'sku'\n")


def test_an_error_may_say_anything() -> None:
    """Its text is bounded, a traceback keeps its end, and what UTF-8 can't write is written all the same."""
    about = fields(raised(ValueError("\ud800" + "x" * 10_000)), reason="\ud800")
    assert len(about["dead_message"]) < MESSAGE_CHARACTERS_MAX + 20
    assert len(about["dead_traceback"]) < TRACEBACK_CHARACTERS_MAX + 20
    assert about["dead_reason"] == b"\\ud800"


def test_an_error_whose_text_can_not_be_made_is_no_trouble() -> None:
    """Its class is known."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_words(Broken()) == "Broken: (its text can't be made)"
    assert fields(Broken())["dead_message"] == b"(its text can't be made)"


def test_an_error_in_one_line() -> None:
    """As a reason has it."""
    assert error_words(ValueError("a\n  b")) == "ValueError: a b"
    assert error_words(ValueError()) == "ValueError"
