"""What real servers answered, as it was written down, and how the simulated one is told the same at the same times."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias, cast

from attrs import frozen
from differential.resp import Part
from differential.trial import CONNECTIONS
from differential.twin import Step, inner_of, shown, taken, without_times
from redis_streams.simulations.server import Engine, Profile

FOLDER = Path(__file__).parent

Json: TypeAlias = "str | int | list[Json] | None"
_WrittenStep: TypeAlias = tuple[int, list[str], int, list[list[Json]]]


@frozen
class Recording:
    """Some commands to an empty server, and what it answered.

    Attributes:
        name: of the sequence, or of the kind of values and a number.
        protocol: of RESP.
        steps: the commands with the time, and the replies on all connections.
    """

    name: str
    protocol: int
    steps: Sequence[Step]


def line_of(recording: Recording) -> str:
    """As a line of JSON; bytes are text in Latin-1."""
    steps: list[Json] = [
        [
            step.connection,
            [word.decode("latin-1") for word in step.words],
            step.now_us,
            [[_out(part) for part in parts] for parts in step.replies],
        ]
        for step in recording.steps
    ]
    return json.dumps([recording.name, recording.protocol, steps], separators=(",", ":"))


def recording_of(line: str) -> Recording:
    """The same, read."""
    name, protocol, steps = cast("tuple[str, int, list[_WrittenStep]]", json.loads(line))
    return Recording(
        name,
        protocol,
        [
            Step(
                connection,
                [word.encode("latin-1") for word in words],
                now_us,
                [[_in(part) for part in parts] for parts in replies],
            )
            for connection, words, now_us, replies in steps
        ],
    )


def _out(part: Part) -> Json:
    if isinstance(part.value, list):
        return [part.sign, *map(_out, part.value)]
    return [part.sign, None] if part.value is None else part.sign + part.value.decode("latin-1")


def _in(written: Json) -> Part:
    """A list is its sign and its parts; nothing is a sign and null."""
    if isinstance(written, list):
        if written[1:] == [None]:
            return Part(str(written[0]), None)
        return Part(str(written[0]), [_in(each) for each in written[1:]])
    text = str(written)
    return Part(text[0], text[1:].encode("latin-1"))


def recordings(profile: str) -> list[Recording]:
    """Those of one version."""
    text = gzip.decompress((FOLDER / f"{profile}.jsonl.gz").read_bytes()).decode()
    return [recording_of(line) for line in text.splitlines()]


def profiles() -> list[str]:
    """The versions that something was written down of."""
    return sorted(path.name.removesuffix(".jsonl.gz") for path in FOLDER.glob("*.jsonl.gz"))


def differences(profile: str, recording: Recording) -> Iterator[str]:
    """Where the simulated server answers differently from what was written down, as words."""
    engine = Engine(Profile.of(profile), rng=Random(0))
    first_us = recording.steps[0].now_us if recording.steps else 0
    sessions = [engine.connect(f"127.0.0.1:{number}", now_us=first_us) for number in range(CONNECTIONS)]
    for session in sessions:
        session.protocol = recording.protocol
    queued: dict[int, list[list[bytes]]] = {}
    waiting: dict[int, list[bytes]] = {}
    for at, step in enumerate(recording.steps):
        engine.execute(sessions[step.connection], step.words, now_us=step.now_us)
        inner = inner_of(queued, step.connection, step.words, step.replies[step.connection])
        for number, theirs in enumerate(step.replies):
            own = number == step.connection
            words = step.words if own else waiting.get(number, step.words)
            ours = taken(sessions[number])
            ran = [each for each, _ in inner] if own else []
            if without_times(words, theirs, ran) != without_times(words, ours, ran):
                said = " ".join(part.shown() for part in theirs), " ".join(part.shown() for part in ours)
                yield f"{at}: {number}> {shown(words)}\nreal:      {said[0]}\nsimulated: {said[1]}"
            if own and not theirs:
                waiting[number] = step.words
