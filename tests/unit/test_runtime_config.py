"""Configuration: the quickstart's layout, the environment's overrides, and mistakes that name their place."""

import json
from pathlib import Path

import attrs
import pytest
import redis
from redis_streams.actors import Dependency, Limits, Replicated, Retention, RetryPolicy
from redis_streams.runtime._config import Config, ConsumerConfig, ProducerConfig
from redis_streams.runtime._config_text import ConfigError
from redis_streams.runtime._options import GroupOptions
from redis_streams.runtime._runtime import Runtime
from redis_streams.runtime._stream_options import StreamOptions
from redis_streams.wire import Retry, Timeouts

QUICKSTART = """\
redis_streams:
  url: "redis://localhost:6379"

  producer:
    stream: "events"
    max_length: 10000

  consumer:
    group: "my-group"
    block_ms: 5000
    count: 10
"""


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Config.from_yaml_text(text, environ, source="events.yaml")
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return list(caught.value.problems)


def section(*lines: str) -> str:
    return "redis_streams:\n" + "".join(f"  {line}\n" for line in lines)


def test_the_quickstarts_block_loads_as_it_stands() -> None:
    """Each value is the one written; the consumer reads the producer's stream."""
    config = Config.from_yaml_text(QUICKSTART)
    assert config == Config(
        producer=ProducerConfig(stream="events", max_length=10_000),
        consumer=ConsumerConfig(group="my-group", block_ms=5000, count=10),
    )
    assert config.consumer_stream == "events"


def test_a_file_is_loaded_with_the_environment_laid_over_it(tmp_path: Path) -> None:
    """Each of the four variables wins over the file."""
    file = tmp_path / "events.yaml"
    file.write_text(QUICKSTART)
    environ = {"REDIS_URL": "redis://db:7000", "STREAM_NAME": "s", "CONSUMER_GROUP": "g", "CONSUMER_NAME": "c"}
    config = Config.load(file, environ)
    assert (config.url, config.producer.stream) == ("redis://db:7000", "s")
    assert (config.consumer.group, config.consumer.name, config.consumer_stream) == ("g", "c", "s")
    assert config.consumer.count == 10


def test_a_file_says_when_events_come_again_and_what_may_be_away() -> None:
    """With classes of errors by their names."""
    text = section(
        "consumer:",
        "  retry_policy: {immediate: 2, jitter: 0.1, reject: [KeyError, json.JSONDecodeError]}",
        "  dependencies: {db: {errors: [ConnectionError, redis.exceptions.TimeoutError], after: 7}}",
    )
    options = Config.from_yaml_text(text).group_options()
    errors = {KeyError: "reject", json.JSONDecodeError: "reject"}
    assert options.retry_policy == RetryPolicy(immediate=2, jitter=0.1, errors=errors)
    assert options.dependencies == (Dependency("db", (ConnectionError, redis.exceptions.TimeoutError), after=7),)


def test_a_variable_may_be_a_number() -> None:
    """Where its key wants one; else it stays the text that it is."""
    config = Config.from_yaml_text(QUICKSTART, {"MAX_DELIVERIES": "7", "CONSUMER_GROUP": "12"})
    assert (config.consumer.max_deliveries, config.consumer.group) == (7, "12")
    (problem,) = problems(QUICKSTART, {"MAX_DELIVERIES": "many"})
    assert problem == "environment variable MAX_DELIVERIES: must be a whole number, not 'many'"


def test_the_real_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `environ` the process' own variables take effect."""
    file = tmp_path / "events.yaml"
    file.write_text(QUICKSTART)
    monkeypatch.setenv("CONSUMER_GROUP", "processors")
    assert Config.load(file).consumer.group == "processors"
    assert Config.from_environment().consumer.group == "processors"


def test_an_empty_variable_counts_as_absent() -> None:
    """`REDIS_URL=` in a compose file does not wipe out the file's value."""
    assert Config.from_yaml_text(QUICKSTART, {"CONSUMER_GROUP": ""}).consumer.group == "my-group"


def test_the_consumers_own_stream_is_not_overridden() -> None:
    """STREAM_NAME must not make a pipeline read what it writes."""
    text = section("producer: {stream: out}", "consumer: {stream: in}")
    config = Config.from_yaml_text(text, {"STREAM_NAME": "other"})
    assert (config.producer.stream, config.consumer_stream) == ("other", "in")


def test_sections_may_be_empty_or_absent() -> None:
    """What is not written has its default."""
    assert Config.from_yaml_text("redis_streams:\n") == Config()
    assert Config.from_yaml_text(section("producer:", "retry: {}")) == Config()


def test_the_defaults_are_those_of_the_options_in_code() -> None:
    """A file that says nothing and a program that says nothing get the same."""
    config = Config()
    assert config.group_options() == GroupOptions()
    assert config.retry.policy() == Retry()
    assert config.timeouts.policy() == Timeouts()
    assert config.limits.policy() == Limits()


def test_every_consumer_option_reaches_the_runtime() -> None:
    """No key of the sections consumer and reclaim is without effect."""
    text = section(
        "consumer: {name: c, consumers: 2, concurrency: 3, count: 4, prefetch: 5, block_ms: 6, start: 7-1,"
        " use_redis_checkpoint: false, drain_seconds: 9, max_deliveries: 3, on_lease_lost: finish,"
        " retry_policy: {immediate: 2, reject: [KeyError, json.JSONDecodeError]},"
        " dependencies: {db: {errors: [ConnectionError, redis.exceptions.TimeoutError], after: 7}},"
        " on_group_lost: fail}",
        "reclaim: {interval_ms: 10, min_idle_ms: 11}",
    )
    options = attrs.asdict(Config.from_yaml_text(text).group_options(), recurse=False)
    defaults = attrs.asdict(GroupOptions(), recurse=False)
    assert {name for name in options if options[name] == defaults[name]} == {"batch", "delivery"}
    at_most_once = Config.from_yaml_text(section("consumer: {delivery: at_most_once}")).group_options()
    assert at_most_once == GroupOptions(delivery="at_most_once")
    assert Config.from_yaml_text(section("reclaim: {enabled: false}")).group_options().reclaim is None


def test_every_key_of_the_producer_is_an_option_of_its_stream_or_of_the_runtime() -> None:
    """None of them is forgotten on the way."""
    text = section(
        "producer: {stream: s, max_length: 5, publish_once: true, dedup_seconds: 6, durability: replicated(2),"
        " durable_seconds: 7, publish_seconds: 8, when_away: fail}"
    )
    said = Config.from_yaml_text(text).producer
    assert said.options() == StreamOptions(
        5, publish_once=True, dedup_seconds=6, durability=Replicated(2), durable_seconds=7
    )
    assert (said.publish_seconds, said.waits) == (8, "fail")
    assert Config().producer.options() == StreamOptions()
    others = {"stream", "publish_seconds", "when_away"}
    elsewhere = {"retention"}  # a section of its own
    assert set(attrs.fields_dict(ProducerConfig)) - others == set(attrs.fields_dict(StreamOptions)) - elsewhere


def test_other_top_level_sections_are_somebody_elses() -> None:
    """An application's file may hold our section beside its own."""
    assert Config.from_yaml_text("app: {x: 1}\nredis_streams: {}\n") == Config()


TRIES_NONE = "delivery='at_most_once' acknowledges events before they are handled, and tries none again"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("consumer: {blok_ms: 5000}", "consumer.blok_ms: unknown key (value 5000); did you mean 'block_ms'?"),
        ("consumr: {}", "consumr: unknown key (value a section); did you mean 'consumer'?"),
        ("limits: {zzz: [1]}", "limits.zzz: unknown key (value a list); known are restarts, period_seconds"),
        ("true: 1", f"True: unknown key (value 1); known are {', '.join(attrs.fields_dict(Config))}"),
        ("consumer: {count: '10'}", "consumer.count: must be a whole number, not '10'"),
        ("consumer: {count: 1.5}", "consumer.count: must be a whole number, not 1.5"),
        ("consumer: {count: true}", "consumer.count: must be a whole number, not true"),
        ("consumer: {count: }", "consumer.count: must be a whole number, not nothing"),
        ("consumer: {count: 0}", "consumer.count: must be >= 1, not 0"),
        ("consumer: {prefetch: -1}", "consumer.prefetch: must be >= 1, not -1"),
        ("consumer: {group: 12}", "consumer.group: must be text, not 12: write it in quotes, as it stands there"),
        ("consumer: {group: 007}", "consumer.group: must be text, not 7: write it in quotes, as it stands there"),
        ("consumer: {group: no}", "consumer.group: must be text, not false: write it in quotes, as it stands there"),
        (r'consumer: {group: "\ud800"}', r"consumer.group: must be text that UTF-8 can say, not '\ud800'"),
        ("consumer: {group: ''}", "consumer.group: must not be empty, not ''"),
        ("consumer: {use_redis_checkpoint: 1}", "consumer.use_redis_checkpoint: must be true or false, not 1"),
        ("retry: {base_delay: '0.1'}", "retry.base_delay: must be a number, not '0.1'"),
        ("retry: {base_delay: true}", "retry.base_delay: must be a number, not true"),
        ("retry: {base_delay: 0}", "retry.base_delay: must be a number > 0, not 0"),
        ("retry: {base_delay: .nan}", "retry.base_delay: must be a number > 0, not nan"),
        ("retry: {base_delay: 5, max_delay: 1}", "retry: max_delay (1) must not be less than base_delay (5)"),
        (
            "producer: {durability: safe}",
            "producer.durability: must be 'acknowledged', 'fsynced' or 'replicated(1)', or another number, not 'safe'",
        ),
        ("producer: {dedup_seconds: 0}", "producer.dedup_seconds: must be a number from 1 to 86400, not 0"),
        (
            "consumer: {retry_policy: {reject: [NoSuchError]}}",
            "consumer.retry_policy.reject: 'NoSuchError' is no class of errors that can be imported",
        ),
        (
            "consumer: {retry_policy: {reject: KeyError}}",
            "consumer.retry_policy.reject: must be a list of texts, not 'KeyError'",
        ),
        (
            "consumer: {dependencies: {db: {errors: [ConnectionError], aftr: 3}}}",
            "consumer.dependencies.db.aftr: unknown key (value 3); did you mean 'after'?",
        ),
        (
            "consumer: {dependencies: {db: {errors: [print]}}}",
            "consumer.dependencies.db.errors: 'print' is no class of errors",
        ),
        (
            "consumer: {dependencies: {'': {errors: [ConnectionError]}}}",
            "consumer: a dependency needs a name, as in 'db'",
        ),
        (
            "consumer: {retry_policy: {reject: [..errors.Gone]}}",
            "consumer.retry_policy.reject: '..errors.Gone' is no class of errors that can be imported",
        ),
        (
            "consumer: {delivery: at_most_once, max_deliveries: 3}",
            f"consumer: {TRIES_NONE}: leave out max_deliveries",
        ),
        ("consumer: {dependencies: db}", "consumer.dependencies: must be a section with names as keys, not 'db'"),
        ("producer: events", "producer: must be a section with keys such as 'stream', not 'events'"),
        ("[url]", "must be a section with keys such as 'url', not a list"),
    ],
)
def test_a_mistake_names_its_place_its_value_and_what_is_right(line: str, problem: str) -> None:
    """File, key path, value, and the nearest valid key."""
    separator = ": " if line == "[url]" else "."
    assert problems(section(line)) == [f"events.yaml: redis_streams{separator}{problem}"]


def test_whole_numbers_are_fine_where_fractions_may_stand() -> None:
    """`base_delay: 1` loses nothing."""
    delay = Config.from_yaml_text(section("retry: {base_delay: 1}")).retry.base_delay
    assert (delay, type(delay)) == (1.0, float)


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody mends a file one error at a time."""
    text = section("urk: 1", "consumer: {count: 0, blok_ms: 1, group: 5}", "retry: {max_retries: many}", "limits: 3")
    assert len(problems(text)) == 6


def test_what_the_runtime_would_refuse_is_no_valid_configuration() -> None:
    """Where the two contradict each other, `config check` would have said that all is well."""
    waits = "consumer: {max_deliveries: 1, dependencies: {db: {errors: [ConnectionError]}}}"
    [problem] = problems(section(waits))
    assert problem.startswith("events.yaml: redis_streams.consumer: with max_deliveries=1 an event can't wait")


@pytest.mark.parametrize("start", ["0", "$", "1700000000000-5", "2026-01-31T12:00:00Z", "2026-01-31"])
def test_every_kind_of_start_is_accepted(start: str) -> None:
    """An id, both special places, and times, which YAML would turn into dates."""
    assert Config.from_yaml_text(section(f"consumer: {{start: {start!r}}}")).consumer.start == start
    if start != "0":
        assert Config.from_yaml_text(section(f"consumer: {{start: {start}}}")).consumer.start == start


def test_a_start_that_is_none_is_refused() -> None:
    """The message shows what a right one looks like."""
    for start in ("yesterday", "0001-01-01T00:00:00+14:00"):
        (problem,) = problems(section(f"consumer: {{start: '{start}'}}"))
        assert problem.startswith("events.yaml: redis_streams.consumer.start: ")
        assert f"'{start}'" in problem
        assert "1700000000000-0" in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("redis_streams:\n  url: [\n", "line 3, column 1: "),
        ("redis_streams:\n\turl: x\n", "line 2, column 1: "),
        (section("url: redis://a", "url: redis://b"), "line 3, column 3: the key 'url' stands twice"),
        ("redis_streams: !!python/object:os.system {}\n", "line 1, column 16: "),
        ("redis_streams: \x00\n", "is no YAML: "),
        (section("? [url]\n  : redis://a"), "line 2, column 5: a key is one word, not a list"),
        ("? {a: 1}\n: b\n" + section("url: redis://a"), "line 1, column 3: a key is one word, not a section"),
        ("redis_streams: &all\n  consumer: *all\n", "redis_streams.consumer: contains itself, by an alias"),
        ("redis_streams: &all\n  limits: [1, {a: *all}]\n", "redis_streams.limits.2.a: contains itself, by an alias"),
        (section("limits: {restarts: !!int many}"), "line 2, column 22: can't be read as int"),
        (section("limits: {restarts: !!bool many}"), "line 2, column 22: can't be read as bool"),
        pytest.param(
            section(f"limits: {{restarts: {'9' * 5000}}}"), "line 2, column 22: can't be read as int", id="too long"
        ),
        pytest.param("[" * 3000, "is no YAML: ", id="too deep"),
        ("", "must have a section 'redis_streams', but is nothing"),
        ("- 1\n", "must have a section 'redis_streams', but is a list"),
        ("redis-streams: {}\n", "the section 'redis_streams' is missing; is it 'redis-streams'?"),
        ("other: {}\n", "the section 'redis_streams' is missing"),
    ],
)
def test_what_is_no_configuration_at_all_is_told_in_one_line(text: str, problem: str) -> None:
    """Bad YAML names line and column."""
    (told,) = problems(text)
    assert told.startswith(f"events.yaml: {problem}")


def test_what_overrides_a_merged_key_does_not_stand_twice() -> None:
    """Also where the section that merges is merged itself, before it is read."""
    shared = "shared: {all: &all {<<: {url: 'redis://a'}, url: redis://b}}\n"
    assert Config.from_yaml_text(f"{shared}redis_streams: {{<<: *all}}\n").url == "redis://b"


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A missing file, a folder, bytes that are no text."""
    (tmp_path / "latin.yaml").write_bytes(b"redis_streams: {url: '\xe9'}")
    for name, words in (("missing.yaml", "No such file"), (".", "Is a directory"), ("latin.yaml", "no UTF-8 text")):
        with pytest.raises(ConfigError, match=words) as caught:
            Config.load(tmp_path / name, {})
        assert str(tmp_path) in str(caught.value)


def test_a_wrong_variable_is_told_by_its_name() -> None:
    """Not as if the file had said it."""
    (problem,) = problems(QUICKSTART, {"REDIS_URL": "http://localhost"})
    assert problem.startswith("environment variable REDIS_URL: 'http://localhost'")


@pytest.mark.parametrize(
    "text",
    [
        section("url: 'http://user:hunter2@host'"),
        section("urll: 'redis://:hunter2@host'"),
        section("password: hunter2"),
        section("producer: 'redis://host?password=hunter2'"),
        section("url: redis://:hunter2@host: x"),
        section("url: ['redis://:hunter2@host']"),
    ],
)
def test_a_password_is_never_shown(text: str) -> None:
    """Neither in a wrong address, nor in an unknown key, nor in bad YAML."""
    assert "hunter2" not in "\n".join(problems(text))


def test_a_configurations_text_hides_the_password() -> None:
    """`repr` is what ends up in logs."""
    assert "hunter2" not in repr(Config(url="redis://user:hunter2@host"))
    assert "redis://user:***@host" in repr(Config(url="redis://user:hunter2@host"))


def test_values_given_in_code_are_checked_too() -> None:
    """The same rules, without a file."""
    with pytest.raises(ValueError, match="count"):
        ConsumerConfig(count=0)
    with pytest.raises(ValueError, match="not a Redis URL"):
        Config(url="nonsense")


def test_what_the_stream_keeps_goes_to_the_stream_that_is_named() -> None:
    """Nothing is removed as long as it is not said what; a length that trims at once does not go with it."""
    assert Config.from_yaml_text(section("retention: {lossy: true}")).retention.policy() is None
    said = "retention: {max_length: 7, max_age_seconds: 8, settled: true, lossy: true, ignore_groups: [a, b]}"
    config = Config.from_yaml_text(section("producer: {stream: s}", said))
    wanted = Retention(7, 8.0, settled=True, lossy=True, ignore_groups=("a", "b"))
    assert config.retention.policy() == wanted
    assert Runtime.from_config(config)._plans.options("s").retention == wanted
    with pytest.raises(ConfigError, match="must be a list of texts, not 'a'"):
        Config.from_yaml_text(section("retention: {ignore_groups: a}"))
    with pytest.raises(ConfigError, match="say it in the retention instead"):
        Config.from_yaml_text(section("producer: {max_length: 7}", "retention: {settled: true}"))


@pytest.mark.parametrize(
    ("where", "choices"),
    [
        ("consumer: {on_group_lost: resume}", "'resume_at_checkpoint' or 'replay' or 'fail', not 'resume'"),
        ("consumer: {on_lease_lost: stop}", "'cancel' or 'finish', not 'stop'"),
        ("producer: {when_away: later}", "'wait' or 'fail', not 'later'"),
    ],
)
def test_a_word_that_is_no_choice_is_told_with_the_choices(where: str, choices: str) -> None:
    """In a line that can be read."""
    [problem] = problems(section(where))
    assert problem.endswith(f"must be {choices}")
