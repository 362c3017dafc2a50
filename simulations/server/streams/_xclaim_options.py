"""What XCLAIM is told: ids, then options, the first of which is the first word that is no id."""

from __future__ import annotations

from attrs import define

from .._command import Call, integer
from .._errors import CommandError
from ._ids import MIN_ID, Id, parse_id
from ._lookup import shown


@define
class ClaimOptions:
    """XCLAIM's arguments.

    Attributes:
        idle_ms_min: how long an entry must not have been delivered; 0: does not matter.
        delivered_ms: the time of delivery that claimed entries get.
        count: the count of deliveries that they get; negative: not given.
        force: whether entries that are not pending are claimed too.
        last_id: what the group's last id is raised to.
    """

    idle_ms_min: int
    delivered_ms: int
    ids: list[Id]
    count: int = -1
    force: bool = False
    just_ids: bool = False
    last_id: Id = MIN_ID


def parse_claim_options(call: Call) -> ClaimOptions:
    """The words of an XCLAIM from its min-idle-time on.

    Raises:
        CommandError: they are wrong.
    """
    words = call.words
    now_ms = call.now_ms
    idle_ms_min = max(0, integer(words[4], "ERR Invalid min-idle-time argument for XCLAIM"))
    options = ClaimOptions(idle_ms_min, now_ms, _leading_ids(call))
    rest = iter(words[5 + len(options.ids) :])
    for word in rest:
        name = word.upper()
        if name == b"FORCE":
            options.force = True
        elif name == b"JUSTID":
            options.just_ids = True
        else:
            value = next(rest, None) if name in (b"IDLE", b"TIME", b"RETRYCOUNT", b"LASTID") else None
            if value is None:
                raise CommandError(b"ERR Unrecognized XCLAIM option '%b'" % shown(word))
            _set_option(options, name, value, now_ms)
    if not 0 <= options.delivered_ms <= now_ms:
        options.delivered_ms = now_ms
    return options


def _leading_ids(call: Call) -> list[Id]:
    ids: list[Id] = []
    for word in call.words[5:]:
        try:
            ids.append(parse_id(word))
        except CommandError:
            break
    return ids


def _set_option(options: ClaimOptions, name: bytes, value: bytes, now_ms: int) -> None:
    if name == b"LASTID":
        options.last_id = parse_id(value)
        return
    number = integer(value, f"ERR Invalid {name.decode()} option argument for XCLAIM")
    if name == b"IDLE":
        options.delivered_ms = now_ms - number
    elif name == b"TIME":
        options.delivered_ms = number
    else:
        options.count = number
