"""The simulated server answers as real servers did when it was written down: each profile, without any server."""

import pytest
from differential.resp import Part
from differential.twin import Step
from golden.replay import Recording, differences, line_of, profiles, recording_of, recordings
from redis_streams.simulations.server import VERSIONS


@pytest.mark.parametrize("profile", profiles())
def test_it_answers_as_was_written_down(profile: str) -> None:
    """Kept sequences and random commands of all kinds; `tests/golden/record.py` makes the files."""
    for recording in recordings(profile):
        assert not list(differences(profile, recording)), recording.name


def test_what_is_written_down_is_of_profiles_that_there_are() -> None:
    """And of most of them: all that a real server was at hand for."""
    assert {"5.0", "6.2", "7.0", "7.2", "8.0", "8.6"} <= set(profiles()) <= set(VERSIONS)


def test_a_recording_is_read_as_it_was_written() -> None:
    parts = [Part("$", b"\xff\r\n"), Part("$", None), Part("$", b""), Part("*", []), Part("*", None), Part(":", b"5")]
    step = Step(1, [b"GET", b"\x00\xff"], 1_700_000_000_000_000, [[], [Part("*", parts)], []])
    recording = Recording("some", 3, [step])
    assert recording_of(line_of(recording)) == recording


def test_a_wrong_answer_is_found() -> None:
    """The comparison fails where the real server said something else."""
    right = Recording("some", 2, [Step(0, [b"XLEN", b"s"], 1, [[Part(":", b"0")], [], []])])
    wrong = Recording("some", 2, [Step(0, [b"XLEN", b"s"], 1, [[Part(":", b"1")], [], []])])
    assert not list(differences("7.0", right))
    assert len(list(differences("7.0", wrong))) == 1
