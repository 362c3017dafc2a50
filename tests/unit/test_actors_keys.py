"""The names of a stream's keys: all in the stream's own hash slot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot
from redis_streams.actors import checkpoint_key, dead_letter_key, settings_key
from redis_streams.actors._keys import hash_tagged

NAMES = st.text(st.sampled_from("{}ab:"), min_size=1, max_size=8) | st.text(min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("stream", "tagged"),
    [
        ("orders", "{orders}"),
        ("a{b}c", "a{b}c"),
        ("{b}", "{b}"),
        ("a}b{c}", "a}b{c}"),
        ("a{b}{}", "a{b}{}"),
        ("a{b", "{a{b}"),
        ("{}a{b}", "{{}a{b}}"),
    ],
)
def test_a_name_gets_a_tag_unless_it_has_one(stream: str, tagged: str) -> None:
    """Redis hashes by what stands between the first { and the next }, where that is not empty."""
    assert hash_tagged(stream) == tagged


def test_the_names_of_the_keys() -> None:
    """They are part of the data model: others read them."""
    assert checkpoint_key("orders", "billing") == "{orders}:checkpoint:billing"
    assert dead_letter_key("orders", "billing") == "{orders}:dead:billing"
    assert settings_key("orders") == "{orders}:settings"


@given(NAMES.filter(lambda name: "}" not in name), NAMES)
def test_all_keys_of_a_stream_lie_in_its_slot(stream: str, group: str) -> None:
    """As redis-py computes slots for Redis Cluster."""
    slot = key_slot(stream.encode())
    for key in (checkpoint_key(stream, group), dead_letter_key(stream, group), settings_key(stream)):
        assert key_slot(key.encode()) == slot


@given(NAMES.map(lambda name: name.replace("{", "")), NAMES.filter(lambda name: "}" not in name), NAMES)
def test_a_name_with_a_tag_keeps_its_slot(before: str, tag: str, after: str) -> None:
    """Whatever other braces it has."""
    stream = f"{before}{{{tag}}}{after}"
    assert hash_tagged(stream) == stream
    assert key_slot(checkpoint_key(stream, "g").encode()) == key_slot(stream.encode())


@given(st.text(st.sampled_from("{}ab"), min_size=1, max_size=8).filter(lambda name: name[0] != "}"), NAMES)
def test_the_keys_of_one_stream_are_together_at_least(stream: str, group: str) -> None:
    """Where a } in the stream's name leaves no tag that could stand for it."""
    keys = (checkpoint_key(stream, group), dead_letter_key(stream, group), settings_key(stream))
    assert len({key_slot(key.encode()) for key in keys}) == 1
