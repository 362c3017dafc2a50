"""The Lua scripts as files: found in the package, named by their hash, and introduced by their first lines."""

import hashlib
import re
from importlib.resources import files

import pytest
from redis_streams.wire import load, scripts

NAMES = sorted(file.name.removesuffix(".lua") for file in files(scripts).iterdir() if file.name.endswith(".lua"))


def test_they_are_there() -> None:
    """In the package's data, so in the wheel too."""
    assert {"settle", "renew", "take_own", "dead_letter", "hand_back", "ensure_group", "begin"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_known_by_the_hash_of_its_source(name: str) -> None:
    """The name that EVALSHA takes."""
    script = load(name)
    assert script.name == name
    assert script.sha == hashlib.sha1(script.source.encode()).hexdigest()  # noqa: S324 - Redis' choice
    assert load(name) is script


@pytest.mark.parametrize("name", NAMES)
def test_a_script_says_what_it_takes_and_answers(name: str) -> None:
    """Its first lines name keys, arguments, answer and the versions it runs on."""
    head = "".join(re.match(r"(--.*\n|\n)*", load(name).source).group())  # type: ignore[union-attr]
    for word in ("KEYS:", "ARGV:", "Answers"):
        assert word in head
    assert re.search(r"Redis \d\.\d", head)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_leaves_no_globals_and_touches_only_its_keys(name: str) -> None:
    """Redis forbids the first, and Redis Cluster the second."""
    code = "\n".join(line.partition("--")[0] for line in load(name).source.splitlines())
    assigned = set(re.findall(r"^\s*(\w+)\s*=[^=]", code, re.MULTILINE))
    local = set(re.findall(r"\w+", " ".join(re.findall(r"local (?:function )?([\w, ]+)", code))))
    assert assigned <= local
    assert not re.findall(
        r"redis\.call\('\w+', '", code.replace("redis.call('XINFO', '", "").replace("'XGROUP', '", "")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_script_defines_nothing_twice_and_has_its_parts(name: str) -> None:
    """What several scripts need stands in one place, and each of them has it."""
    source = load(name).source
    assert "-- With:" not in source
    defined = re.findall(r"^local function (\w+)", source, re.MULTILINE)
    assert len(set(defined)) == len(defined)
    for part in ("key_of", "before", "fields", "waits_in"):
        assert (part in defined) or not re.search(rf"\b{part}\(", source)
