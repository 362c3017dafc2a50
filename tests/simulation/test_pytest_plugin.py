"""Simulated tests in pytest: what is collected, run, kept and printed. Each runs pytest within pytest."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis_streams.simulations.testing  # else each run within this process would import it anew

SHOP = '''
from collections import Counter

import pytest
import trio
from redis_streams.simulations import NO_LOSS, World, calm, lite, publish_planned, simulate, swarm
from redis_streams import NewEvent


async def shop(world, charged, *, carefully):
    """A shop whose handler charges a card and publishes a receipt: in two steps."""
    bank = world.service("bank")

    async def worker(process):
        runtime = process.runtime()

        @runtime.handler("orders", group="billing")
        async def bill(event):
            async with bank.request("charge"):
                if not carefully or event.event_id not in charged:
                    charged.append(event.event_id)
            await runtime.publish("receipts", {"of": event.event_id}, event_type="receipt")

        await process.serve(runtime)

    world.start("worker-1", worker)
    world.start("worker-2", worker)
    await publish_planned(world, "orders", lambda number, _: NewEvent("order", {"number": number}))


def checked(world, charged):
    @world.check
    def charged_once():
        yield from (f"{order} was charged {times} times" for order, times in Counter(charged).items() if times > 1)
'''

BROKEN = (
    SHOP
    + """
@simulate(seeds=60, events=5)
async def test_shop(world):
    charged = []
    checked(world, charged)
    await shop(world, charged, carefully=False)
"""
)

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest on a test file; what it kept from a run before is still there."""

    def run_pytest(code: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=code)
        return pytester.runpytest("-q", "-W", "error", "-p", "no:cacheprovider", *options)

    return run_pytest


def failure(output: str) -> list[str]:
    """The lines that a failed test printed."""
    return output.partition("BROKEN")[2].partition("\n=====")[0].splitlines()


def test_a_failure_is_small_and_told_in_forty_lines(run: Run) -> None:
    """Promise, plan in words, life of the event, replay line; and no traceback of ours."""
    ran = run(BROKEN)
    lines = failure(ran.stdout.str())
    text = "\n".join(lines)
    assert ran.ret == 1, ran.stdout.str()
    assert 10 < len(lines) <= 40
    assert "charged-once" in lines[0]
    assert re.search("[1-3] events? of 1 key", text)
    assert text.count("asks bank to charge") == 2
    assert "Traceback" not in ran.stdout.str()
    assert "test_it.py::test_shop' --sim-replay '" in text


def test_the_decorator_without_parentheses_says_so() -> None:
    with pytest.raises(TypeError, match=r"write @simulate\(\), with its parentheses"):

        @redis_streams.simulations.testing.simulate  # type: ignore[arg-type]  # on purpose
        async def test_something(world: object) -> None: ...


def test_a_failure_is_kept_and_tried_first_the_next_time(run: Run, pytester: pytest.Pytester) -> None:
    """Until it holds; then it is forgotten."""
    run(BROKEN)
    [kept] = pytester.path.glob(".redis-streams/tests/*/*.json")
    again = run(BROKEN, "--sim-seeds=0")
    assert "charged-once" in again.stdout.str()
    assert kept.exists()
    page = kept.with_suffix(".html")
    assert f"as a page: {page}" in again.stdout.str()
    assert "charged-once" in page.read_text()
    assert run(BROKEN.replace("carefully=False", "carefully=True"), "--sim-seeds=0").ret == 0
    assert not kept.exists()
    assert not page.exists()


def test_a_replay_line_brings_the_same_run_back(run: Run) -> None:
    """To the millisecond; tests that it is not meant for are passed over."""
    code = BROKEN + "\n\n@simulate(seeds=1)\nasync def test_other(world):\n    pass\n"
    told = failure(run(code).stdout.str())
    line = re.search(r"--sim-replay '(.*)'", "\n".join(told))
    assert line is not None
    ran = run(code, "--sim-replay", line[1])
    life = [text for text in told if " ms " in text]
    assert [text for text in failure(ran.stdout.str()) if " ms " in text] == life
    assert "1 failed, 1 skipped" in ran.stdout.str()


def test_what_is_no_replay_line_is_said_to_be_none(run: Run) -> None:
    """By its option's name."""
    assert "--sim-replay: a replay line is" in run(BROKEN, "--sim-replay=nothing").stdout.str()


def test_a_test_that_keeps_its_promises_passes(run: Run) -> None:
    """And keeps nothing."""
    ran = run(BROKEN.replace("carefully=False", "carefully=True"), "--sim-seeds=15")
    assert ran.ret == 0, ran.stdout.str()


@pytest.mark.parametrize("plugins", [("-p", "no:trio"), ("-o", "trio_mode=true"), ("-n", "2")], ids=" ".join)
def test_it_works_beside_other_plugins(run: Run, plugins: tuple[str, str]) -> None:
    """Without pytest-trio, with it running every async test, and spread over processes."""
    if plugins[0] == "-n":
        pytest.importorskip("xdist")
    code = (
        SHOP
        + """
@pytest.mark.parametrize("number", [1, 2])
@simulate(seeds=2, faults=lite(), events=3)
async def test_decorated(number, world, tmp_path):
    assert isinstance(world, World) and number and tmp_path.exists()
    await shop(world, [], carefully=True)


class TestInAClass:
    @simulate(seeds=1, faults=calm(), events=2, guarantees=[NO_LOSS])
    async def test_method(self, world):
        await shop(world, [], carefully=True)


async def test_with_the_fixture(world):
    assert isinstance(world, World)
    charged = []
    await shop(world, charged, carefully=True)
    await world.settled()
    assert len(charged) == 10
"""
    )
    ran = run(code, *plugins)
    assert "4 passed" in ran.stdout.str(), ran.stdout.str()


def test_async_tests_of_others_are_left_to_them(run: Run) -> None:
    """Also those that have a fixture `world` of their own."""
    code = """
import pytest
import trio


@pytest.fixture
def world():
    return "of my own"


async def test_mine(world, autojump_clock):
    await trio.sleep(1000)
    assert world == "of my own"
"""
    assert "1 passed" in run(code, "-o", "trio_mode=true").stdout.str()


def test_the_fixture_in_a_test_that_is_not_async_says_so(run: Run) -> None:
    """It has nothing to run within."""
    assert "world is for async tests" in run("def test_it(world):\n    pass\n").stdout.str()


def test_a_test_that_waits_in_vain_fails(run: Run) -> None:
    """It must not pass because its time was over before it asserted anything."""
    code = (
        SHOP
        + """
@simulate(seeds=1)
async def test_it(world):
    await trio.sleep_forever()
    assert False
"""
    )
    assert "BROKEN: comes-to-its-end" in run(code).stdout.str()


def test_a_handler_that_never_works_is_found_without_any_fault(run: Run) -> None:
    """The calm run says so, with what was raised."""
    code = (
        SHOP
        + """
@simulate(seeds=10, events=2)
async def test_it(world):
    async def worker(process):
        runtime = process.runtime()

        @runtime.handler("orders", group="billing")
        async def bill(event):
            raise KeyError("amount")

        await process.serve(runtime)

    world.start("worker-1", worker)
    await publish_planned(world, "orders", lambda number, _: NewEvent("order", {"number": number}))
"""
    )
    out = run(code).stdout.str()
    assert "KeyError: 'amount'" in out
    assert "fault 1" not in out


def test_what_a_test_raises_is_told(run: Run) -> None:
    """It crashed, and with which words."""
    code = (
        SHOP
        + """
@simulate(seeds=1)
async def test_it(world):
    raise LookupError("no such thing")
"""
    )
    assert "LookupError: no such thing" in run(code).stdout.str()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("@simulate()\ndef test_it(world): pass", "is for async functions, and test_it is none"),
        ("@simulate()\nasync def test_it(): pass", "gives test_it a world"),
        ("@simulate(events=0)\nasync def test_it(world): pass", "more than nothing, not 100, 0"),
    ],
)
def test_what_is_no_scenario_is_refused_at_once(run: Run, code: str, words: str) -> None:
    """With the function's name, or the number."""
    assert words in run(f"from redis_streams.simulations import simulate\n{code}\n").stdout.str()
