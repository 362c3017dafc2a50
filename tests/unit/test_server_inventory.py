"""The inventory of the differential is whole: what the simulated server can say of streams stands in it."""

import ast
import re
from pathlib import Path

import pytest
from differential.inventory import inventory, name_of, options_of, pattern, seen
from differential.resp import Part
from differential.sequences import parsed, sequences, written
from redis_streams.simulations.server import streams

CODES = re.compile(r"(ERR|NOGROUP|BUSYGROUP|UNBLOCKED|WRONGTYPE) ")
VARIABLE = re.compile(r"%[a-z]|\{[^}]*\}")
SOURCES = sorted(Path(str(streams.__file__)).parent.glob("*.py"))


def texts_of(source: str) -> list[str]:
    """The errors in a module, a star where something is filled in."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value.decode() if isinstance(node.value, bytes) else node.value
        if CODES.match(text):
            found.append(text)
    return found


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in SOURCES])
def test_every_error_stands_in_the_inventory(path: Path) -> None:
    """Whoever adds a text has to have it seen beside a real server."""
    listed = [item.what.removeprefix("error ") for item in inventory() if item.what.startswith("error ")]
    for text in texts_of(path.read_text("utf-8")):
        shape = ".*".join(re.escape(part) for part in VARIABLE.split(pattern(text)))
        assert any(re.match(shape, each) for each in listed), text


def test_an_error_that_is_in_no_inventory_is_found() -> None:
    """The search above finds plain, filled-in and formatted texts."""
    source = 'A = "ERR plain"\nB = b"NOGROUP %b" % x\nC = f"ERR {a} in {b}"\nD = "no error"'
    assert {"ERR plain", "NOGROUP %b", "ERR {} in {}"} <= set(texts_of(source))


def test_items_are_of_versions() -> None:
    text = "XADD\n  6.2        option MINID\n  ..7.0      error ERR old\n  *          answer text\n"
    minid, old, answer = inventory(text)
    assert [item.is_of((6, 0)) for item in (minid, old, answer)] == [False, True, True]
    assert [item.is_of((7, 0)) for item in (minid, old, answer)] == [True, False, True]


def test_a_line_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="XADD"):
        inventory("XADD\n  6.2  MINID\n")


def test_what_a_reply_shows() -> None:
    known = options_of(inventory())
    words = [b"xadd", b"s", b"maxlen", b"~", b"5", b"*", b"a", b"1"]
    assert set(seen(words, Part("$", b"1-1"), known)) == {
        ("XADD", "answer text"), ("XADD", "option MAXLEN"), ("XADD", "option ~"), ("XADD", "option *"),
    }  # fmt: skip
    assert set(seen([b"XREAD", b"STREAMS", b"s", b"0"], None, known)) == {
        ("XREAD", "answer (waits)"), ("XREAD", "option STREAMS"),
    }  # fmt: skip
    refusal = Part("-", b"NOGROUP No such key 's' or consumer group 'g'")
    assert list(seen([b"XCLAIM"], refusal, known)) == [
        ("XCLAIM", "error NOGROUP No such key '*' or consumer group '*'")
    ]
    assert not list(seen([b"SET", b"s", b"v"], Part("+", b"OK"), known))


def test_names_and_patterns() -> None:
    assert name_of([b"xgroup", b"create", b"s"]) == "XGROUP CREATE"
    assert name_of([b"XINFO", b"other"]) == "XINFO any"
    assert name_of([b"GET", b"s"]) is None
    assert pattern("ERR Unrecognized XCLAIM option '$'") == "ERR Unrecognized XCLAIM option '*'"


def test_a_sequence_is_read_as_it_was_written() -> None:
    plan = [(0, [b"XADD", b"s", b"*", b"", b"a b"]), (2, [b"XLEN", b"s"])]
    kept = parsed("some", written("what broke", "7.0", 3, plan))
    assert (kept.about, kept.since, kept.before, kept.protocol, list(kept.plan)) == ("what broke", "7.0", "", 3, plan)


def test_a_sequence_says_what_it_is_about() -> None:
    """And one that the differential found has been given a name and words of its own."""
    for kept in sequences():
        assert kept.about, kept.name
        assert "say here what broke" not in kept.about, kept.name
        assert kept.plan, kept.name
