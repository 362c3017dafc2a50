"""Patterns of names in the simulated server."""

from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.server._glob import fits


def fits_slowly(text: bytes, pattern: bytes) -> bool:
    """The same, by trying everything."""
    if not pattern:
        return not text
    if pattern[:1] == b"*":
        return any(fits_slowly(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[:1] in (b"?", text[:1]) and fits_slowly(text[1:], pattern[1:])


@given(
    st.lists(st.sampled_from([b"a", b"b"]), max_size=8).map(b"".join),
    st.lists(st.sampled_from([b"a", b"b", b"*", b"*", b"?", b"1"]), max_size=7).map(b"".join),
)
def test_stars_match_as_if_everything_was_tried(text: bytes, pattern: bytes) -> None:
    assert fits(text, pattern) == fits_slowly(text, pattern)


def test_many_stars_do_not_take_for_ever() -> None:
    assert not fits(b"a" * 50_000, b"a*" * 900 + b"b")
    assert fits(b"a" * 50_000, b"a*" * 900)


def test_servers_give_up_on_too_many_stars() -> None:
    assert fits(b"a" * 2000, b"*?" * 1000)
    assert not fits(b"a" * 2000, b"*?" * 1001)


def test_classes_and_what_means_itself() -> None:
    assert fits(b"[x]*", rb"\[[w-y]\]\*")
    assert not fits(b"a", b"[^a]*")
    assert fits(b"ABC", b"a*c", ignore_case=True)
