"""`redis-streams doctor`: what a Redis can do, which ways are taken with it, and how safe it keeps what it has."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Final, cast

from attrs import frozen

from ..wire import Capabilities, Client, ResponseError, Way
from ._cli import Commands, say
from ._cli_redis import add_url, on_redis
from ._runtime import Runtime
from ._table import print_table

SETTINGS: Final = ("appendonly", "appendfsync", "maxmemory", "maxmemory-policy")

_EXAMPLES: Final = """\
  redis-streams doctor                              of the Redis that REDIS_URL names
  redis-streams doctor --url redis://db:6379        of this one
"""


@frozen
class Advice:
    """What a setting of the server means for what is promised here."""

    setting: str
    words: str
    is_warning: bool


def add_doctor(commands: Commands) -> None:
    """Add `doctor`."""
    summary = "show what a Redis can do, which ways are taken with it, and how safe it keeps what it has"
    add_url(commands.add("doctor", _doctor, summary=summary, examples=_EXAMPLES))


def advice(settings: Mapping[str, str], *, publish_token: bool = False) -> Sequence[Advice]:
    """What follows from the settings, as far as they are known.

    Args:
        settings: of the server, by name.
        publish_token: whether it keeps the tokens of published events itself, and not in keys that expire.
    """
    found: list[Advice] = []
    if settings.get("appendonly") == "no":
        words = "what its last snapshot lacks is lost with its process: say appendonly yes, appendfsync always"
        found.append(Advice("appendonly no", words, is_warning=True))
    elif "appendfsync" in settings:
        found.append(_advice_on_fsync(settings["appendfsync"]))
    policy = settings.get("maxmemory-policy", "noeviction")
    if policy != "noeviction" and settings.get("maxmemory", "0") != "0":
        words = f"where memory is short {_evicted(policy, publish_token=publish_token)}: say noeviction"
        found.append(Advice(f"maxmemory-policy {policy}", words, is_warning=True))
    return found


def _evicted(policy: str, *, publish_token: bool) -> str:
    if policy.startswith("allkeys"):
        return "whole streams are evicted"
    # What has a time to live goes, and nothing else.
    if publish_token:
        return "ended schedules are forgotten, and a call that comes late makes one anew"
    return "tokens of published events are evicted first, and an event may be appended twice"


def _advice_on_fsync(policy: str) -> Advice:
    setting = f"appendonly yes, appendfsync {policy}"
    if policy == "always":
        return Advice(setting, "what was acknowledged is on its disk", is_warning=False)
    lost = "a second or two" if policy == "everysec" else "what the system has not written yet"
    return Advice(setting, f"the end of its machine, not of its process, costs {lost}", is_warning=True)


def _doctor(arguments: argparse.Namespace) -> int:
    async def examine(runtime: Runtime) -> tuple[str, Capabilities, Mapping[str, str]]:
        client = runtime.client
        return str(client.address), await client.capabilities(), await _settings(client)

    address, capabilities, settings = on_redis(arguments, examine)
    version = ".".join(map(str, capabilities.version))
    say(f"{address}: Redis {version}, or compatible with it")
    say()
    print_table(("what", "how", "newer"), [_row(way) for way in capabilities.ways()])
    say()
    if not settings:
        say("This user may not CONFIG GET: how safe Redis keeps what it has is not known.")
    for each in advice(settings, publish_token=capabilities.publish_token):
        say(f"{'!' if each.is_warning else ' '} {each.setting}: {each.words}")
    return 0


def _row(way: Way) -> tuple[str, str, str]:
    return way.need, way.taken, "yes" if way.is_newer else f"no: {way.newer} came with {way.since}"


async def _settings(client: Client) -> Mapping[str, str]:
    """Those that matter; none where this user may not ask."""
    found: dict[str, str] = {}
    for name in SETTINGS:
        try:
            pair = cast("list[bytes]", await client.call(b"CONFIG", b"GET", name))
        except ResponseError:
            return {}
        found.update([(pair[0].decode(), pair[1].decode())] if pair else [])
    return found
