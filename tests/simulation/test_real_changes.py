"""What an append-only file says was changed, and whose command that was."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from redis_streams.simulations.history import Applied
from redis_streams.simulations.real.ground._changes import AppendOnlyTail, Changes, OnItsWay, likeliest
from redis_streams.simulations.real.ground._journal import Journal
from redis_streams.wire import load


def encoded(*commands: str) -> bytes:
    """Commands as they stand in the file."""
    parts = [command.encode().split() for command in commands]
    return b"".join(
        b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words) for words in parts
    )


def command(host: str, text: str) -> OnItsWay:
    return OnItsWay(host, 1, text.encode().split())


def unit(*changes: str) -> Sequence[Sequence[bytes]]:
    return [change.encode().split() for change in changes]


def test_units_are_read_as_the_file_grows(tmp_path: Path) -> None:
    """A script's changes are one unit; one that was written in part is read when it is whole, or never."""
    file, tail = tmp_path / "appendonly.aof", AppendOnlyTail(tmp_path)
    assert list(tail.take()) == []
    whole = encoded("MULTI", "XACK s g 1-0", "HSET c id 1-0", "EXEC")
    file.write_bytes(encoded("SELECT 0", "XADD s 1-0 f v") + whole[:40])
    assert list(tail.take()) == [[], unit("XADD s 1-0 f v")]
    assert list(tail.take()) == []
    with file.open("ab") as more:
        more.write(whole[40:])
    assert list(tail.take()) == [unit("XACK s g 1-0", "HSET c id 1-0")]


def test_what_a_crash_cut_off_is_not_taken_for_a_change(tmp_path: Path) -> None:
    """The server cuts the file where its last whole unit ends, and goes on there."""
    file, tail = tmp_path / "appendonly.aof", AppendOnlyTail(tmp_path)
    begun = encoded("XADD s 1-0 f v")
    file.write_bytes(begun + encoded("MULTI", "XACK s g 1-0"))
    assert list(tail.take()) == [unit("XADD s 1-0 f v")]
    file.write_bytes(begun + encoded("XADD s 2-0 f v"))
    assert list(tail.take()) == [unit("XADD s 2-0 f v")]


@pytest.mark.parametrize(
    ("changes", "whose"),
    [
        (["XADD s 1-0 f v"], "publisher"),
        (["XADD s 1-0 f other"], "another publisher"),
        (["XACK s g 1-0 2-0", "HSET c id 2-0"], "settler"),
        (["XACK s g 3-0"], "another settler"),
        (["XCLAIM s g w1 0 5-0 TIME 1 RETRYCOUNT 1 FORCE JUSTID LASTID 5-0"], "reader"),
        (["XACK s g 3-0", "HSET c id 2-0"], "another settler"),
        (["DEL elsewhere"], None),
        (["DEL s"], None),
    ],
)
def test_a_change_is_that_command_s_whose_words_it_has(changes: list[str], whose: str | None) -> None:
    """Among those that were on their way; a reader deletes nothing."""
    commands = [
        command("reader", "XREADGROUP GROUP g w1 COUNT 10 STREAMS s >"),
        command("publisher", "XADD s * f v"),
        command("another publisher", "XADD s * f other"),
    ]
    if changes[0].startswith("XACK"):
        commands += [
            command("settler", "EVALSHA sha 2 s c g w2 1 1-0 2-0"),
            command("another settler", "EVALSHA sha 2 s c g w1 1 3-0"),
        ]
    found = likeliest(unit(*changes), commands)
    assert (found.host if found else None) == whose


def test_who_says_to_do_it_is_likelier_than_who_might() -> None:
    """A script can do anything to the keys that it names, and somebody deletes one of them at that time."""
    commands = [command("settler", "EVALSHA sha 2 s c g w2 1 1-0"), command("somebody", "DEL s")]
    found = likeliest(unit("DEL s"), commands)
    assert found is commands[1]


@pytest.mark.parametrize(
    "changes",
    [
        ("XACK s g 1-0", "ZREM r 1-0", "XGROUP SETID s g 0-0", "HSET c id 0-0 history h.1 seeks 1@0-0"),
        ("XGROUP SETID s g 0-0", "HSET c id 0-0 history h.1 seeks 1@0-0"),
    ],
)
@pytest.mark.parametrize("rival", ["EVALSHA sha 2 s c g w1 1 h 1-0", "EVALSHA sha 4 s c r s:groups g 0-0 1 h"])
def test_a_seek_does_not_say_what_it_takes_back(changes: tuple[str, ...], rival: str) -> None:
    """Neither who settles just those entries has done it, nor who looks whether the group is there."""
    commands = [command("rival", rival), command("operator", f"EVALSHA {load('seek').sha} 3 s c r g 0-0 0")]
    found = likeliest(unit(*changes), commands)
    assert found is commands[1]


def test_who_claims_other_entries_has_not_given_one_up() -> None:
    """A claim says in the file which entry was delivered last: it is not an entry that somebody claimed."""
    commands = [
        command("who takes others", "EVALSHA sha 2 s r g w1 2-0 3-0"),
        command("who gives it up", "EVALSHA sha 3 s r c g w1 2000 h 1-0 50"),
    ]
    given_up = unit("XCLAIM s g w1 0 1-0 TIME 1 RETRYCOUNT 2 FORCE JUSTID LASTID 3-0", "ZADD r 51 1-0")
    assert likeliest(given_up, commands) is commands[1]


def test_changes_are_written_down_before_the_reply_is_known(tmp_path: Path) -> None:
    """Also those of commands that were never answered."""
    journal = Journal()
    changes = Changes(AppendOnlyTail(tmp_path), journal)
    lost = changes.sent("lost", 1, [b"XADD", b"s", b"*", b"f", b"1"])
    known = changes.sent("known", 2, [b"XADD", b"s", b"*", b"f", b"2"])
    (tmp_path / "appendonly.aof").write_bytes(encoded("XADD s 1-0 f 2", "XADD s 2-0 f 1"))
    changes.answered(known)
    noted = [(made.by, made.client, made.command) for made in journal.records if isinstance(made, Applied)]
    assert noted == [("known", 2, known.number), ("lost", 1, lost.number)]


def test_what_can_not_be_done_any_more_is_nobody_s(tmp_path: Path) -> None:
    """A command whose connection has ended does nothing later: somebody else who says the same does."""
    journal = Journal()
    changes = Changes(AppendOnlyTail(tmp_path), journal)
    words = [b"XACK", b"s", b"g", b"1-0"]
    changes.over([changes.sent("gone", 1, words)])
    changes.sent("there", 2, words)
    (tmp_path / "appendonly.aof").write_bytes(encoded("XACK s g 1-0"))
    changes.read()
    assert [made.by for made in journal.records if isinstance(made, Applied)] == ["there"]
