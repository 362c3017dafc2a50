"""One trial: some commands told to both servers, and what they had in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import define, field
from differential.grammar import Words, grammar
from differential.resp import Part
from differential.twin import ClockMoved, Twin
from redis_streams.simulations.real import RedisServer

CONNECTIONS = 3


@define
class Coverage:
    """What was seen on both sides: for each command, how often it was answered how."""

    commands: int = 0
    answers: Counter[tuple[str, str]] = field(factory=Counter)

    def note(self, words: Words, replies: Sequence[Part]) -> None:
        """Count one command."""
        self.commands += 1
        name = words[0].decode().upper()
        if name in ("XGROUP", "XINFO") and len(words) > 1:
            name += " " + words[1].decode("utf-8", "replace").upper()[:16]
        kinds = [_kind(reply) for reply in replies] or ["(waits)"]
        self.answers[name, kinds[0]] += 1

    def table(self) -> str:
        """For a person to read, and for the documentation."""
        lines = ["| command | answer | times |", "|---|---|---|"]
        lines += [f"| {name} | {kind} | {times} |" for (name, kind), times in sorted(self.answers.items())]
        return "\n".join(lines) + "\n"


def _kind(reply: Part) -> str:
    if reply.sign == "-" and isinstance(reply.value, bytes):
        return reply.value.decode("utf-8", "replace").replace("|", "\\|")[:90]
    if reply.value is None:
        return "null"
    if isinstance(reply.value, list):
        return "an empty array" if not reply.value else "an array"
    return {"$": "text", ":": "a number", "+": "a status"}.get(reply.sign, "null")


def try_commands(
    server: RedisServer,
    profile: str,
    protocol: int,
    plan: Sequence[tuple[int, Words]],
    coverage: Coverage,
    kind: str = "streams",
) -> None:
    """Tell both the same.

    Raises:
        Difference: they answered differently; with the commands that led there.
    """
    twin = Twin(server, profile, protocol)
    try:
        twin.open(CONNECTIONS)
        for words in grammar(kind).START:
            twin.do(0, [word.encode() for word in words])
        for connection, words in plan:
            if twin.sessions[connection].block is None:
                coverage.note(words, twin.do(connection, words))
    except ClockMoved:
        pass  # What has been compared so far counts.
    finally:
        twin.close()
