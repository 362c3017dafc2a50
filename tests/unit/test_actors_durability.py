"""Durability: how it is said, what is sent, and what an answer lacks."""

import pytest
from redis_streams.actors import Replicated, parse_durability
from redis_streams.actors._durability import Durability, missing_after, wait_command


@pytest.mark.parametrize("said", ["acknowledged", "fsynced", Replicated(2)])
def test_what_is_said_in_code_is_said_in_a_file_by_its_text(said: Durability) -> None:
    assert parse_durability(str(said)) == parse_durability(said) == said


@pytest.mark.parametrize("said", ["", "replicated", "replicated(0)", "replicated(-1)", 2, None])
def test_anything_else_is_refused_with_what_is_right(said: object) -> None:
    with pytest.raises(ValueError, match="'acknowledged', 'fsynced' or 'replicated"):
        parse_durability(said)


def test_a_server_is_never_asked_to_wait_for_ever() -> None:
    assert wait_command(Replicated(2), 0.0001) == (b"WAIT", 2, 1)
    assert wait_command("fsynced", 1.5) == (b"WAITAOF", 1, 0, 1500)
    assert wait_command("acknowledged", 1.5) is None


def test_fewer_than_asked_for_is_told() -> None:
    assert missing_after(Replicated(2), 1) == "1 of 2 replicas have said that they have it"
    assert not missing_after(Replicated(2), 3)
    assert missing_after("fsynced", [0, 5])
    assert not missing_after("fsynced", [1, 0])
