"""The quickstart's code, run as it stands: on a server at port 6379, or where that is taken with another URL only."""

import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from redis_streams import Config, RedisConnection, Runtime, StreamConsumer, StreamProducer
from redis_streams.simulations.real import RedisServer, ServerFailed
from support.quickstart import block_with, code_blocks, run_consumer, run_producer
from support.servers import ServerFactory

pytestmark = [pytest.mark.also_on_served, pytest.mark.xdist_group("port 6379")]

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "quickstart.md").read_text()
SEED = ROOT.parent / "shared" / "seed" / "quickstart.md"
PYTHON = Path(sys.executable)


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def url(redis_server_factory: ServerFactory) -> str:
    """Where the quickstart's own URL leads, or another one if somebody else holds that port."""
    if _port_is_free(6379):
        with suppress(ServerFailed):  # somebody else took it in this very moment
            redis_server_factory(port=6379)
            return "redis://localhost:6379"
    return redis_server_factory().url


@pytest.mark.skipif(not SEED.exists(), reason="the quickstart that was asked for is not beside this checkout")
def test_the_blocks_are_those_that_were_asked_for() -> None:
    """Word for word, whatever else the page may say."""
    seed = SEED.read_text()
    for language in ("python", "yaml", "bash"):
        assert code_blocks(TEXT, language) == code_blocks(seed, language)


def test_the_producer_and_the_consumer_run_as_they_stand(url: str, tmp_path: Path) -> None:
    """The producer prints an id, the consumer gets the event, Ctrl-C ends it, and nothing is left pending. Twice."""
    for _ in range(2):
        produced = run_producer(PYTHON, block_with(TEXT, "producer.publish("), url, tmp_path)
        assert produced.startswith("Published message: ")
        consumed = run_consumer(PYTHON, block_with(TEXT, "consumer.subscribe("), url, tmp_path, until="Received: ")
        assert "Received: price.update - {'symbol': 'AAPL', 'price': 150.25}" in consumed
        assert consumed.endswith("Consumer stopped\n")
    with RedisConnection(url) as connection:
        assert connection.execute("XPENDING", "data-updates", "processors")[0] == 0
        assert connection.execute("XLEN", "data-updates") == 2


@pytest.mark.parametrize("words", ["use_redis_checkpoint=True", "reclaim_enabled=True", "conn = RedisConnection("])
def test_the_advanced_blocks_run_as_they_stand(words: str, url: str, tmp_path: Path) -> None:
    """They make objects and end, with nothing said and nothing hanging."""
    head = "from redis_streams import StreamConsumer\n"
    assert run_producer(PYTHON, head + block_with(TEXT, words), url, tmp_path) == ""


def test_the_yaml_block_loads_as_it_stands_and_takes_effect(redis_server: RedisServer, tmp_path: Path) -> None:
    """Its stream, its group, its numbers."""
    file = tmp_path / "events.yaml"
    file.write_text(code_blocks(TEXT, "yaml")[0])
    config = Config.load(file, {"REDIS_URL": redis_server.url})
    assert (config.producer.stream, config.producer.max_length) == ("events", 10000)
    assert (config.consumer.group, config.consumer.block_ms, config.consumer.count) == ("my-group", 5000, 10)
    with StreamProducer.from_config(config) as producer:
        producer.publish("a", {"n": 1})
    consumer = StreamConsumer.from_config(config)

    def handle(event: object) -> None:
        received.append(event)
        consumer.close()

    received: list[object] = []
    consumer.subscribe(handle)
    assert len(received) == 1
    assert redis_server.cli("XINFO", "GROUPS", "events")[0][1] == "my-group"


async def test_each_environment_variable_takes_effect(redis_server: RedisServer) -> None:
    """As the quickstart exports them."""
    exported = dict(
        line.removeprefix("export ").replace('"', "").split("=", 1)
        for block in code_blocks(TEXT, "bash")
        for line in block.splitlines()
        if line.startswith("export ")
    )
    assert set(exported) == {"REDIS_URL", "STREAM_NAME", "CONSUMER_GROUP", "CONSUMER_NAME"}
    runtime = Runtime.from_environment({**exported, "REDIS_URL": redis_server.url})
    handled = []

    @runtime.handler()
    async def handle(event: object) -> None:
        handled.append(event)
        runtime.stop()

    async with runtime:
        await runtime.publish(None, {"n": 1}, event_type="a")
        await runtime.wait_stopped()
    [group] = redis_server.cli("XINFO", "GROUPS", "events")
    [consumer] = redis_server.cli("XINFO", "CONSUMERS", "events", "processors")
    assert (group[1], consumer[1], len(handled)) == ("processors", "worker-1", 1)
