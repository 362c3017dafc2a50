"""SUBSCRIBE and its like, PUBLISH, PUBSUB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError
from .._glob import fits
from .._reply import Push, Reply, Several
from ._pubsub import Kind


def subscribe(call: Call) -> Reply:
    """SUBSCRIBE channel ..."""
    return _subscribe(call, Kind.CHANNEL)


def psubscribe(call: Call) -> Reply:
    """PSUBSCRIBE pattern ..."""
    return _subscribe(call, Kind.PATTERN)


def ssubscribe(call: Call) -> Reply:
    """SSUBSCRIBE shardchannel ..."""
    if call.nested:
        raise CommandError("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    return _subscribe(call, Kind.SHARD)


def _subscribe(call: Call, kind: Kind) -> Reply:
    pubsub = call.engine.pubsub
    return Several([pubsub.subscribe(call.session, kind, name) for name in call.words[1:]])


def unsubscribe(call: Call) -> Reply:
    """UNSUBSCRIBE [channel ...]: from all where none is named."""
    return _unsubscribe(call, Kind.CHANNEL)


def punsubscribe(call: Call) -> Reply:
    """PUNSUBSCRIBE [pattern ...]."""
    return _unsubscribe(call, Kind.PATTERN)


def sunsubscribe(call: Call) -> Reply:
    """SUNSUBSCRIBE [shardchannel ...]."""
    return _unsubscribe(call, Kind.SHARD)


def _unsubscribe(call: Call, kind: Kind) -> Reply:
    session = call.session
    names = call.words[1:] or list(kind.names_of(session))
    told = [call.engine.pubsub.unsubscribe(session, kind, name) for name in names]
    return Several([*told] or [Push([kind.value + b"unsubscribe", None, kind.count_of(session)])])


def publish(call: Call) -> Reply:
    """PUBLISH channel message: how often it was sent here; replicas are told, too."""
    _tell_replicas(call)
    return call.engine.pubsub.publish(*call.words[1:])


def spublish(call: Call) -> Reply:
    """SPUBLISH shardchannel message."""
    _tell_replicas(call)
    return call.engine.pubsub.publish_to_shard(*call.words[1:])


def _tell_replicas(call: Call) -> None:
    """A replica only passes on what it has from its primary."""
    engine = call.engine
    if engine.effects is not None and (engine.role.replica_of is None or call.session.is_primary):
        engine.effects.tell(call.database.index, call.words)


def pubsub_channels(call: Call) -> Reply:
    """PUBSUB CHANNELS [pattern]."""
    return _channels(call, Kind.CHANNEL)


def pubsub_shardchannels(call: Call) -> Reply:
    """PUBSUB SHARDCHANNELS [pattern]."""
    return _channels(call, Kind.SHARD)


def _channels(call: Call, kind: Kind) -> Reply:
    if len(call.words) > 3:
        unknown = "unknown" if call.profile.since(7, 0) else "Unknown"
        word = call.words[1].decode("latin-1")
        raise CommandError(f"ERR {unknown} subcommand or wrong number of arguments for '{word}'. Try PUBSUB HELP.")
    pattern = call.words[2] if len(call.words) == 3 else b"*"
    return [name for name in call.engine.pubsub.of[kind] if fits(name, pattern)]


def pubsub_numsub(call: Call) -> Reply:
    """PUBSUB NUMSUB [channel ...]."""
    return _numbers(call, Kind.CHANNEL)


def pubsub_shardnumsub(call: Call) -> Reply:
    """PUBSUB SHARDNUMSUB [shardchannel ...]."""
    return _numbers(call, Kind.SHARD)


def _numbers(call: Call, kind: Kind) -> Reply:
    subscribers = call.engine.pubsub.of[kind]
    return [part for name in call.words[2:] for part in (name, len(subscribers.get(name, ())))]


def pubsub_numpat(call: Call) -> Reply:
    """PUBSUB NUMPAT."""
    return call.engine.pubsub.count_patterns()


_FLAGS: Final = "pubsub noscript loading stale"
_G: Final = "pubsub"


def _sub(name: str, run: Callable[[Call], Reply], arity: int, since: tuple[int, int] = (2, 8)) -> Command:
    return Command(name, run, arity, "pubsub loading stale", since=since, group=_G)


PUBSUB_COMMANDS: Final[Sequence[Command]] = (
    Command("subscribe", subscribe, -2, _FLAGS, since=(2, 0), group=_G),
    Command("psubscribe", psubscribe, -2, _FLAGS, since=(2, 0), group=_G),
    Command("ssubscribe", ssubscribe, -2, _FLAGS, (1, -1, 1), since=(7, 0), group=_G),
    Command("subscribe", subscribe, -2, "denyoom " + _FLAGS, since=(8, 6), group=_G),
    Command("psubscribe", psubscribe, -2, "denyoom " + _FLAGS, since=(8, 6), group=_G),
    Command("ssubscribe", ssubscribe, -2, "denyoom " + _FLAGS, (1, -1, 1), since=(8, 6), group=_G),
    Command("unsubscribe", unsubscribe, -1, _FLAGS, since=(2, 0), group=_G),
    Command("punsubscribe", punsubscribe, -1, _FLAGS, since=(2, 0), group=_G),
    Command("sunsubscribe", sunsubscribe, -1, _FLAGS, (1, -1, 1), since=(7, 0), group=_G),
    Command("publish", publish, 3, "pubsub loading stale fast", since=(2, 0), group=_G),
    Command("spublish", spublish, 3, "pubsub loading stale fast", (1, 1, 1), since=(7, 0), group=_G),
    Command(
        "pubsub",
        None,
        -2,
        group=_G,
        subcommands=(
            _sub("channels", pubsub_channels, -2),
            _sub("numsub", pubsub_numsub, -2),
            _sub("numpat", pubsub_numpat, 2),
            _sub("shardchannels", pubsub_shardchannels, -2, (7, 0)),
            _sub("shardnumsub", pubsub_shardnumsub, -2, (7, 0)),
        ),
    ),
)
