"""Configuration: the classes behind the YAML file, and what each value may be.

The layout is the quickstart's. A key that is not written has the default that the same option has in code. How a file
is read and its mistakes are told stands in `_config_text` and `_config_file`; here is only what a configuration *is*.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast

from attrs import Attribute, field, frozen, validators

from ..actors import DEDUP_SECONDS, DURABLE_SECONDS, Delivery, Limits, WhenAway, parse_durability
from ..wire import WINDOW_SECONDS_MAX, OnGroupLost, Retry, ServerAddress, Timeouts
from ._config_file import Loaded, structured
from ._config_retention import RetentionConfig
from ._config_retries import DependencyConfig, RetryPolicyConfig, dependencies
from ._config_text import read_text, read_yaml
from ._names import expand
from ._options import (
    DELIVERY,
    MAX_DELIVERIES,
    ON_GROUP_LOST,
    REAP_IDLE_MS,
    GroupOptions,
    Reclaim,
    check_delivery,
    check_waiting,
    one_of,
    parse_start,
)
from ._stream_options import StreamOptions

VARIABLES = {
    "REDIS_URL": ("url",),
    "STREAM_NAME": ("producer", "stream"),
    "CONSUMER_GROUP": ("consumer", "group"),
    "CONSUMER_NAME": ("consumer", "name"),
    "MAX_DELIVERIES": ("consumer", "max_deliveries"),
}
"""The environment variables and the keys that they override."""


def _is_url(_instance: object, _attribute: "Attribute[str]", value: str) -> None:
    ServerAddress.parse(value)


def _is_start(_instance: object, _attribute: "Attribute[str]", value: str) -> None:
    parse_start(value)


def _is_consumer_name(_instance: object, _attribute: "Attribute[str | None]", value: str | None) -> None:
    if value is not None:
        expand(value)


def _is_durability(_instance: object, _attribute: "Attribute[str]", value: str) -> None:
    try:
        parse_durability(value)
    except ValueError:
        known = "'acknowledged', 'fsynced' or 'replicated(1)', or another number"
        raise ValueError(f"'durability' must be {known}: {value}") from None


def _is_window(_instance: object, _attribute: "Attribute[float]", value: float) -> None:
    if not 1 <= value <= WINDOW_SECONDS_MAX:
        raise ValueError(f"'dedup_seconds' must be a number from 1 to {WINDOW_SECONDS_MAX}: {value}")


def _is_positive(_instance: object, attribute: "Attribute[float]", value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"'{attribute.name}' must be a number > 0: {value}")


def _is_not_negative(_instance: object, attribute: "Attribute[float]", value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"'{attribute.name}' must be a number >= 0: {value}")


def _is_count_or_none(_instance: object, attribute: "Attribute[int]", value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError(f"'{attribute.name}' must be >= 0: {value}")


def _is_one_or_more_or_none(_instance: object, attribute: "Attribute[int]", value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"'{attribute.name}' must be >= 1: {value}")


def _is_not_empty(_instance: object, attribute: "Attribute[str | None]", value: str | None) -> None:
    if value == "":
        raise ValueError(f"'{attribute.name}' must not be empty: {value}")


def _masked(url: str) -> str:
    try:
        return repr(str(ServerAddress.parse(url)))
    except ValueError:
        return "'***'"


_at_least_one = validators.ge(1)


@frozen
class ProducerConfig:
    """What is published to.

    Attributes:
        stream: the stream; what `publish` writes to.
        max_length: about how many entries it keeps; None: all.
        publish_once: true: every event is appended once; false: none; null: those that were given an id.
        dedup_seconds: for how long what was published once is remembered, at least.
        durability: "acknowledged", "fsynced", or "replicated(2)" for two replicas.
        durable_seconds: how long that is waited for.
        publish_seconds: how long publishing waits for Redis.
        when_away: "wait" while there is no connection, or "fail" at once.
    """

    stream: str | None = field(default=None, validator=_is_not_empty)
    max_length: int | None = field(default=None, validator=validators.optional(_at_least_one))
    publish_once: bool | None = None
    dedup_seconds: float = field(default=DEDUP_SECONDS, validator=_is_window)
    durability: str = field(default="acknowledged", validator=_is_durability)
    durable_seconds: float = field(default=DURABLE_SECONDS, validator=_is_positive)
    publish_seconds: float = field(default=30.0, validator=_is_positive)
    when_away: str = field(default="wait", validator=one_of(("wait", "fail")))

    def options(self) -> StreamOptions:
        """How the stream is published to. What is as by default counts as not said, so that code may say it."""
        return StreamOptions(
            max_length=self.max_length,
            publish_once=self.publish_once,
            dedup_seconds=None if self.dedup_seconds == DEDUP_SECONDS else self.dedup_seconds,
            durability=None if self.durability == "acknowledged" else self.durability,
            durable_seconds=None if self.durable_seconds == DURABLE_SECONDS else self.durable_seconds,
        )

    @property
    def waits(self) -> WhenAway:
        """The same as `when_away`."""
        return "fail" if self.when_away == "fail" else "wait"


@frozen
class ConsumerConfig:
    """How this process reads as a member of a group. What each option means stands at `GroupOptions`.

    Attributes:
        group: the consumer group.
        name: this consumer's name, stable across restarts, with ``{host}``, ``{pid}`` and ``{env:NAME}`` filled in;
            None: made of host and process.
        stream: what is read; None: the producer's stream.
        start: where a *new* group begins: "0", "$", an id, or a time in ISO 8601.
        use_redis_checkpoint: keep the checkpoint in Redis; false: in memory, for tests.
        dependencies: what handlers need and may be away, by its name, each with the errors that say so.
    """

    group: str | None = field(default=None, validator=_is_not_empty)
    name: str | None = field(default=None, validator=[_is_not_empty, _is_consumer_name])
    stream: str | None = field(default=None, validator=_is_not_empty)
    consumers: int = field(default=1, validator=_at_least_one)
    concurrency: int = field(default=1, validator=_at_least_one)
    count: int = field(default=100, validator=_at_least_one)
    prefetch: int | None = field(default=None, validator=validators.optional(_at_least_one))
    block_ms: int = field(default=5000, validator=_at_least_one)
    start: str = field(default="0", validator=_is_start)
    use_redis_checkpoint: bool = True
    drain_seconds: float = field(default=8.0, validator=_is_not_negative)
    max_deliveries: int | None = field(default=MAX_DELIVERIES, validator=_is_one_or_more_or_none)
    on_lease_lost: str = field(default="cancel", validator=one_of(("cancel", "finish")))
    retry_policy: RetryPolicyConfig = RetryPolicyConfig()
    dependencies: Mapping[str, DependencyConfig] = field(default=MappingProxyType[str, DependencyConfig]({}))
    on_group_lost: str = field(default=ON_GROUP_LOST[0], validator=one_of(ON_GROUP_LOST))
    delivery: str = field(default=DELIVERY[0], validator=one_of(DELIVERY))

    def __attrs_post_init__(self) -> None:
        check_delivery(
            self.delivery,
            max_deliveries=self.max_deliveries != MAX_DELIVERIES,
            retry_policy=self.retry_policy.policy() is not None,
            dependencies=bool(self.dependencies),
            on_lease_lost=self.on_lease_lost != "cancel",
        )
        check_waiting(self.max_deliveries, [each.name for each in dependencies(self.dependencies)])


@frozen
class ReclaimConfig:
    """How entries that other consumers left behind are found; the numbers are those of `Reclaim`.

    Attributes:
        enabled: false: this process does not look for them.
        interval_ms: time between two rounds.
        min_idle_ms: idle time after which an entry may be taken.
        reap_idle_ms: consumers that were not heard of for so long and have nothing pending are removed; null: never.
    """

    enabled: bool = True
    interval_ms: int = field(default=30_000, validator=_at_least_one)
    min_idle_ms: int = field(default=30_000, validator=_at_least_one)
    reap_idle_ms: int | None = field(default=REAP_IDLE_MS, validator=validators.optional(_at_least_one))

    def policy(self) -> Reclaim | None:
        """The same, as a group takes it."""
        return Reclaim(self.interval_ms, self.min_idle_ms, self.reap_idle_ms) if self.enabled else None


@frozen
class RetryConfig:
    """How a lost connection is tried again, in the words of the quickstart's `RedisConnection`.

    Attributes:
        max_retries: tries after the first when starting; null: no end.
        base_delay: upper bound of the first delay, in seconds; it doubles from try to try.
        max_delay: upper bound of any delay, in seconds.
    """

    max_retries: int | None = field(default=5, validator=_is_count_or_none)
    base_delay: float = field(default=0.1, validator=_is_positive)
    max_delay: float = field(default=30.0, validator=_is_positive)

    def __attrs_post_init__(self) -> None:
        if self.max_delay < self.base_delay:
            raise ValueError(f"max_delay ({self.max_delay:g}) must not be less than base_delay ({self.base_delay:g})")

    def policy(self) -> Retry:
        """The same, as the connection takes it."""
        return Retry(self.max_retries, self.base_delay, self.max_delay)


@frozen
class TimeoutsConfig:
    """Time limits, in seconds; see `Timeouts`."""

    connect_seconds: float = field(default=5.0, validator=_is_positive)
    reply_seconds: float = field(default=5.0, validator=_is_positive)

    def policy(self) -> Timeouts:
        """The same, as the connection takes it."""
        return Timeouts(self.connect_seconds, self.reply_seconds)


@frozen
class LimitsConfig:
    """How many crashes of actors are borne in a period before the runtime gives up; see `Limits`."""

    restarts: int = field(default=5, validator=validators.ge(0))
    period_seconds: float = field(default=60.0, validator=_is_positive)

    def policy(self) -> Limits:
        """The same, as the supervisors take it."""
        return Limits(self.restarts, self.period_seconds)


@frozen
class Config:
    """Everything that a file or the environment can say about a runtime.

    Read it with `Config.load`, `Config.from_yaml_text` or `Config.from_environment`, or make one in code. The
    environment wins over the file: `REDIS_URL`, `STREAM_NAME` (the producer's stream, and the consumer's where the file
    gives it none of its own), `CONSUMER_GROUP`, `CONSUMER_NAME` and `MAX_DELIVERIES`; an empty one counts as absent.
    """

    url: str = field(default="redis://localhost:6379", validator=_is_url, repr=_masked)
    producer: ProducerConfig = ProducerConfig()
    consumer: ConsumerConfig = ConsumerConfig()
    reclaim: ReclaimConfig = ReclaimConfig()
    retry: RetryConfig = RetryConfig()
    timeouts: TimeoutsConfig = TimeoutsConfig()
    limits: LimitsConfig = LimitsConfig()
    retention: RetentionConfig = RetentionConfig()

    def __attrs_post_init__(self) -> None:
        if self.producer.max_length is not None and self.retention.policy() is not None:
            raise ValueError("producer.max_length trims what groups still need: say it in the retention instead")
        # What the runtime would refuse is no valid configuration, whatever the sections have to say of it.
        self.producer.options()
        self.group_options()

    @classmethod
    def load(cls, path: str | Path, environ: Mapping[str, str] = os.environ) -> "Config":
        """Read a YAML file, overridden by the environment.

        Args:
            path: the file; its section `redis_streams` is read, others belong to somebody else.
            environ: the environment variables.

        Raises:
            ConfigError: it cannot be read, or something in it cannot be used; all problems at once.
        """
        return load_config(Path(path), environ).value

    @classmethod
    def from_yaml_text(cls, text: str, environ: Mapping[str, str] | None = None, *, source: str = "<text>") -> "Config":
        """Read YAML from a string; without `environ` nothing overrides it.

        Args:
            text: the YAML.
            environ: environment variables that override it.
            source: what errors call the text.

        Raises:
            ConfigError: as `load`.
        """
        return structured(cls, read_yaml(text, source), environ or {}, VARIABLES, source).value

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """The defaults, overridden by the environment.

        Raises:
            ConfigError: `REDIS_URL` is no address.
        """
        return structured(cls, {}, environ, VARIABLES, "environment").value

    @property
    def consumer_stream(self) -> str | None:
        """What the consumer reads: its own stream, else the producer's."""
        return self.consumer.stream or self.producer.stream

    def group_options(self) -> GroupOptions:
        """How the consumer's group reads, as handlers are registered with."""
        consumer = self.consumer
        return GroupOptions(
            consumer=consumer.name,
            consumers=consumer.consumers,
            concurrency=consumer.concurrency,
            count=consumer.count,
            prefetch=consumer.prefetch,
            block_ms=consumer.block_ms,
            start=consumer.start,
            checkpoint="redis" if consumer.use_redis_checkpoint else "memory",
            reclaim=self.reclaim.policy(),
            drain_seconds=consumer.drain_seconds,
            max_deliveries=consumer.max_deliveries,
            retry_policy=consumer.retry_policy.policy(),
            dependencies=dependencies(consumer.dependencies),
            on_lease_lost="finish" if consumer.on_lease_lost == "finish" else "cancel",
            on_group_lost=cast("OnGroupLost", consumer.on_group_lost),
            delivery=cast("Delivery", consumer.delivery),
        )


def load_config(path: Path, environ: Mapping[str, str]) -> Loaded[Config]:
    """As `Config.load`, with the origin of each value.

    Raises:
        ConfigError: as `Config.load`.
    """
    source = str(path)
    return structured(Config, read_yaml(read_text(path), source), environ, VARIABLES, source)
