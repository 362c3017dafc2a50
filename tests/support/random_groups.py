"""Random commands for streams and consumer groups, of several clients, repeatable by their seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


class RandomCommands:
    """A source of commands.

    Args:
        seed: the same one gives the same commands.
        claim: whether XREADGROUP has CLAIM.
    """

    def __init__(self, seed: int, *, claim: bool) -> None:
        self._rng = Random(seed)
        self._claim = claim
        self._entries = 0
        self._kinds = {
            self._add: 22,
            self._remove: 8,
            self._make_group: 6,
            self._change_group: 8,
            self._read_group: 18,
            self._read: 6,
            self._settle: 16,
            self._ask: 16,
            self._lose: 2,
            self._transaction: 4,
        }
        self._queued: list[str] = []

    def line(self, *, waiting: Sequence[str]) -> str:
        """The next command.

        Args:
            waiting: the clients that cannot say anything now.
        """
        if self._queued:
            return self._queued.pop(0)
        rng = self._rng
        [kind] = rng.choices(list(self._kinds), list(self._kinds.values()))
        command = kind()
        idle = [client for client in "bcd" if client not in waiting]
        if "BLOCK" not in command:
            return command
        return f"{rng.choice(idle)}: {command}" if idle else command.replace("BLOCK 0 ", "")

    def _pick(self, *options: str) -> str:
        return self._rng.choice(options)

    def _key(self) -> str:
        return self._pick("k", "k", "k", "j")

    def _group(self) -> str:
        return self._pick("g", "g", "h")

    def _consumer(self) -> str:
        return self._pick("c", "d", "e")

    def _id(self) -> str:
        ms = self._rng.randint(0, self._entries + 2)
        return self._pick(*[f"{ms}-0"] * 16, f"{ms}", f"{ms}-1", "0", "-", "+", "$")

    def _ids(self) -> str:
        return " ".join(self._id() for _ in range(self._rng.randint(1, 3)))

    def _count(self) -> str:
        return self._pick("", "", f"COUNT {self._rng.randint(0, 3)} ")

    def _add(self) -> str:
        self._entries += 1
        return f"XADD {self._key()} {self._entries}-0 f v{self._entries}"

    def _remove(self) -> str:
        return self._pick(f"XDEL {self._key()} {self._ids()}", f"XTRIM {self._key()} MAXLEN {self._rng.randint(0, 5)}")

    def _make_group(self) -> str:
        option = self._pick("", " MKSTREAM", " MKSTREAM", f" ENTRIESREAD {self._rng.randint(-1, 5)}")
        return f"XGROUP CREATE {self._key()} {self._group()} {self._pick('0', '$', self._id())}{option}"

    def _change_group(self) -> str:
        place = f"{self._key()} {self._group()}"
        read = self._pick("", "", f" ENTRIESREAD {self._rng.randint(-1, 5)}")
        return self._pick(
            f"XGROUP SETID {place} {self._id()}{read}",
            f"XGROUP SETID {place} {self._id()}",
            f"XGROUP DESTROY {place}",
            f"XGROUP DELCONSUMER {place} {self._consumer()}",
            f"XGROUP CREATECONSUMER {place} {self._consumer()}",
        )

    def _read_group(self) -> str:
        claim = self._pick("", "", "CLAIM 100000 ") if self._claim else ""
        options = self._count() + self._pick("", "BLOCK 0 ") + self._pick("", "", "NOACK ") + claim
        streams = self._pick(f"{self._key()} >", f"{self._key()} >", f"{self._key()} {self._id()}", "k j > >")
        return f"XREADGROUP GROUP {self._group()} {self._consumer()} {options}STREAMS {streams}"

    def _read(self) -> str:
        streams = self._pick(f"{self._key()} {self._id()}", f"{self._key()} $", f"k j {self._id()} $")
        return f"XREAD {self._count()}{self._pick('', 'BLOCK 0 ')}STREAMS {streams}"

    def _settle(self) -> str:
        place = f"{self._key()} {self._group()}"
        idle_ms = self._pick("0", "0", "0", "100000")
        options = ("", "JUSTID", "FORCE", "FORCE JUSTID", "IDLE 50000", "RETRYCOUNT 4", "LASTID 5", "TIME 0 FORCE")
        automatic = self._pick("", "JUSTID", "COUNT 1", "COUNT 2")
        return self._pick(
            f"XACK {place} {self._ids()}",
            f"XCLAIM {place} {self._consumer()} {idle_ms} {self._ids()} {self._pick(*options)}",
            f"XAUTOCLAIM {place} {self._consumer()} {idle_ms} {self._id()} {automatic}",
        )

    def _lose(self) -> str:
        return self._pick(f"DEL {self._key()}", f"SET {self._key()} x", "RENAME k j", "RENAME j k")

    def _transaction(self) -> str:
        kinds = [self._add, self._add, self._remove, self._change_group, self._make_group, self._read_group, self._lose]
        self._queued = [self._rng.choice(kinds)() for _ in range(self._rng.randint(1, 4))] + ["EXEC"]
        return "MULTI"

    def _ask(self) -> str:
        key, group = self._key(), self._group()
        return self._pick(
            f"XPENDING {key} {group}",
            f"XPENDING {key} {group} - + 10",
            f"XPENDING {key} {group} {self._id()} {self._id()} 2 {self._consumer()}",
            f"XPENDING {key} {group} IDLE 30000 - + 9",
            f"XINFO GROUPS {key}",
            f"XINFO CONSUMERS {key} {group}",
            f"XINFO STREAM {key}",
            f"XINFO STREAM {key} FULL",
        )
