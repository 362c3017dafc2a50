"""`redis-streams doctor`, and whether the ways that it names are those that a running runtime takes."""

from __future__ import annotations

import pytest
import trio
from redis_streams import Event, Reclaim, Runtime
from redis_streams.__main__ import main
from support.servers import ServerFactory, servers_at_hand

pytestmark = pytest.mark.real_time

TWO_WAYS = {
    ".".join(map(str, version)): binary
    for version, binary in servers_at_hand().items()
    if version[:2] in ((7, 0), (8, 6))
}


@pytest.mark.parametrize("version", TWO_WAYS)
def test_it_names_the_ways_and_how_safe_the_server_is(
    version: str, redis_server_factory: ServerFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fallbacks with what they stand in for."""
    server = redis_server_factory(TWO_WAYS[version], appendonly="always")
    assert main(["doctor", "--url", server.url]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith(f": Redis {version}, or compatible with it")
    newer = version.startswith("8.6")
    [publishing] = [line for line in lines if "publishing once" in line]
    assert publishing.endswith("  yes" if newer else "  no: XADD … IDMP came with 8.6")
    assert ("  XADD … IDMP  " if newer else "  a script, tokens in two hashes  ") in publishing
    assert "  appendonly yes, appendfsync always: what was acknowledged is on its disk" in lines


@pytest.mark.parametrize("version", TWO_WAYS)
async def test_the_ways_that_are_named_are_those_taken(version: str, redis_server_factory: ServerFactory) -> None:
    """By what the server counts, after an event was published once and was found again when it had been idle."""
    server, handled = redis_server_factory(TWO_WAYS[version]), trio.Event()
    runtime = Runtime(server.url)

    @runtime.handler("s", "g", consumer="c", block_ms=50, reclaim=Reclaim(interval_ms=10, min_idle_ms=100))
    async def handle(_: Event[object]) -> None:
        handled.set()

    server.cli("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    async with Runtime(server.url) as publisher:
        await publisher.publish("s", 1, event_type="a", event_id="one")
    server.cli("XREADGROUP", "GROUP", "g", "gone", "STREAMS", "s", ">")
    server.cli("CONFIG", "SET", "slowlog-log-slower-than", 0)
    async with runtime:
        await handled.wait()
        ways = {way.need: way for way in (await runtime.client.capabilities()).ways()}
    asked = [words for _, _, _, words, *_ in server.cli("SLOWLOG", "GET", 1000)]
    assert ways["finding idle entries"].taken == "XPENDING … IDLE"
    assert any(words[:4] == ["XPENDING", "s", "g", "IDLE"] for words in asked)
    assert ("cmdstat_xcfgset" in server.cli("INFO", "commandstats")) is ways["publishing once"].is_newer


def test_who_may_not_ask_is_told_so(redis_server_factory: ServerFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """The ways are known all the same."""
    server = redis_server_factory(TWO_WAYS[max(TWO_WAYS)])
    server.cli("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-config")
    assert main(["doctor", "--url", server.url.replace("//", "//app:secret@")]) == 0
    said = capsys.readouterr().out
    assert "publishing once" in said
    assert "secret" not in said
    assert said.endswith("This user may not CONFIG GET: how safe Redis keeps what it has is not known.\n")
