"""Sets of promises, to be named where a run is judged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import (
    _ack_implies_done,
    _at_most_once,
    _bounded_duplicates,
    _bounded_memory,
    _cancelled_never_acks,
    _checkpoint_true,
    _clean_stop,
    _crash,
    _fan_out,
    _fenced,
    _id_reuse,
    _key_order,
    _liveness,
    _no_leaks,
    _no_loss,
    _paused,
    _poison_bounded,
    _publish_once,
    _retry_storm,
    _scheduled_once,
    _unexpected,
)
from ._verdict import Checker

ALL: Final[Mapping[str, Checker]] = MappingProxyType(
    {
        _no_loss.NAME: _no_loss.no_loss,
        _ack_implies_done.NAME: _ack_implies_done.ack_implies_done,
        _at_most_once.NAME: _at_most_once.at_most_once,
        _cancelled_never_acks.NAME: _cancelled_never_acks.cancelled_never_acks,
        _fenced.NAME: _fenced.fenced,
        _bounded_duplicates.NAME: _bounded_duplicates.bounded_duplicates,
        _paused.NAME: _paused.paused,
        _publish_once.NAME: _publish_once.publish_once,
        _scheduled_once.NAME: _scheduled_once.scheduled_once,
        _fan_out.NAME: _fan_out.fan_out,
        _checkpoint_true.NAME: _checkpoint_true.checkpoint_true,
        _clean_stop.NAME: _clean_stop.clean_stop,
        _bounded_memory.NAME: _bounded_memory.bounded_memory,
        _unexpected.NAME: _unexpected.unexpected,
        _id_reuse.NAME: _id_reuse.id_reuse,
        _no_leaks.NAME: _no_leaks.no_leaks,
        _retry_storm.NAME: _retry_storm.retry_storm,
        _crash.NAME: _crash.crash,
        _liveness.NAME: _liveness.liveness,
        _key_order.NAME: _key_order.key_order,
        _poison_bounded.NAME: _poison_bounded.poison_bounded,
    }
)
"""Every checker by its name: first what users rely on most."""

NOT_KEPT_YET: Final = frozenset({_key_order.NAME})
"""Promises that the runtime does not make today."""

AT_LEAST_ONCE: Final[tuple[Checker, ...]] = tuple(check for name, check in ALL.items() if name not in NOT_KEPT_YET)
"""What holds today, whatever goes wrong."""

SOUND: Final[tuple[Checker, ...]] = tuple(
    ALL[name] for name in (_crash.NAME, _no_leaks.NAME, _retry_storm.NAME, _unexpected.NAME)
)
"""What holds for any application, whatever it promises."""
