"""What comes next for an event whose handler failed: pure decisions, without clock, Redis or Trio.

Deliveries are counted by the server, so that neither a crash nor another process starts anew. The read counts the first
one; each that follows is counted when a handler begins, and not where the entry is taken over: what a process held and
never began uses up nothing. So an event that kills its process each time is found out too: at its next beginning it has
had its deliveries, and is buried instead.

An event that is to be tried again waits longer from time to time. With the defaults the waits are at least 30 s, 1, 2,
4, 8, 16 and 32 minutes, and then an hour each: sixteen deliveries bear an outage of nine hours, which is a night in
which nobody looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final, Literal

from attrs import Attribute, field, frozen, validators

from ..wire import number, number_or_none, whole
from ._dead_letter import error_words
from ._observer import text_of
from ._verdict import Reject, RetryLater

DOUBLINGS_MAX: Final = 60
"""Beyond that a float would overflow, long after the longest delay was reached."""

REJECT: Final = "reject"
"""In the place of a policy: events with this error go to the dead letters at once."""


def _check_delay(_policy: object, attribute: Attribute[float], seconds: float | None) -> None:
    if seconds is not None and not seconds > 0:
        raise ValueError(f"{attribute.name} must be more than 0, or None for the idle limit, not {seconds!r}")


def _check_errors(_policy: object, _attribute: object, errors: Mapping[object, object]) -> None:
    for kind, rule in errors.items():
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            raise TypeError(f"errors are told apart by their classes, as in {{ValueError: 'reject'}}, not by {kind!r}")
        if rule != REJECT and not isinstance(rule, RetryPolicy):
            raise TypeError(f"for {kind.__name__} say 'reject', or give a RetryPolicy, not {rule!r}")


def _copied(errors: Mapping[type[Exception], Rule]) -> Mapping[type[Exception], Rule]:
    return MappingProxyType(dict(errors))


@frozen
class RetryPolicy:
    """When an event whose handler failed is delivered again. How often, `max_deliveries` says.

    Attributes:
        immediate: so many retries at once, before any that waits.
        delay_seconds: before the first retry that waits; doubled by each. None: as long as the idle limit.
        max_delay_seconds: the longest delay, jitter included.
        jitter: by how much a delay is longer at random, as a share of it: events that failed together come apart.
        errors: other rules for some classes of errors and what derives from them, the nearest first; ``"reject"``: such
            events are not tried again.
    """

    immediate: int = field(default=0, validator=[whole, validators.ge(0)])
    delay_seconds: float | None = field(default=None, validator=[number_or_none, _check_delay])
    max_delay_seconds: float = field(default=3600.0, validator=[number, validators.gt(0)])
    jitter: float = field(default=0.5, validator=[number, validators.ge(0), validators.le(10)])
    errors: Mapping[type[Exception], Rule] = field(factory=dict, converter=_copied, validator=_check_errors)

    def rule(self, error: BaseException | None) -> Rule:
        """What holds for this error."""
        for kind in type(error).__mro__:
            if kind in self.errors:
                return self.errors[kind]
        return self

    def delay(self, failures: int, idle_seconds: float, rng: Random) -> float:
        """Seconds to wait after so many failures, this one included; 0: none."""
        waits = failures - self.immediate
        if waits < 1:
            return 0.0
        first = idle_seconds if self.delay_seconds is None else self.delay_seconds
        delay = first * 2.0 ** min(waits - 1, DOUBLINGS_MAX)
        return min(self.max_delay_seconds, delay * (1 + rng.uniform(0, self.jitter)))


Rule = RetryPolicy | Literal["reject"]
"""What holds for an error."""


@frozen
class Again:
    """It stays pending, and is delivered again: at once (0), after so many seconds, or (None) after the idle limit."""

    after_seconds: float | None


@frozen
class Bury:
    """It goes to the dead letters, and why."""

    reason: str


Next = Again | Bury


@frozen
class Rules:
    """What holds for a group.

    Attributes:
        max_deliveries: how often an event may be delivered; None: no end.
        policy: None: the default one for errors, and the idle limit for what was declined without any.
        idle_seconds: the idle limit.
        delays: whether somebody looks for what is due; otherwise nothing is delayed beyond the idle limit.
    """

    max_deliveries: int | None = None
    policy: RetryPolicy | None = None
    idle_seconds: float = 30.0
    delays: bool = True


_DEFAULT: Final = RetryPolicy()


def after_failure(deliveries: int, error: BaseException | None, rules: Rules, rng: Random) -> Next:
    """What comes after a handler has failed.

    Args:
        deliveries: how often the event has been delivered, this time included.
        error: what its handler raised; None: it answered with something false.
        rules: what holds for its group.
        rng: the jitter's.
    """
    if isinstance(error, Reject):
        return Bury(f"its handler rejected it: {text_of(error)}")
    rule = (rules.policy or _DEFAULT).rule(error)
    what = "its handler declined" if error is None else f"its handler raised {error_words(error)}"
    if not isinstance(rule, RetryPolicy):
        return Bury(f"{what}, which is not tried again")
    if rules.max_deliveries is not None and deliveries >= rules.max_deliveries:
        return Bury(f"{what} (delivery {deliveries} of {rules.max_deliveries})")
    after = _asked_for(error)
    if after is None and (error is not None or rules.policy is not None):
        after = rule.delay(deliveries, rules.idle_seconds, rng)
    return Again(after if rules.delays or after == 0 else None)


def _asked_for(error: BaseException | None) -> float | None:
    """After how many seconds an error asks to come again. Its class may be a user's, and then say anything."""
    after: object = error.after if isinstance(error, RetryLater) else None
    return after if isinstance(after, int | float) and 0 <= after < math.inf else None


def delay_at_the_limit(
    deliveries: int, error: BaseException, rules: Rules, rng: Random, former: int = 0
) -> float | None:
    """When an event comes again that would be buried for its deliveries alone; None: it would not, or not for them.

    The arguments are those of `after_failure`, and how often it came again from there before.
    """
    rule = (rules.policy or _DEFAULT).rule(error)
    if not isinstance(rule, RetryPolicy) or rules.max_deliveries is None or deliveries < rules.max_deliveries:
        return None
    # Not at once, however many retries may be.
    return rule.delay(deliveries + former, rules.idle_seconds, rng) or rules.idle_seconds


def before_beginning(deliveries: int, max_deliveries: int | None) -> Bury | None:
    """Why a delivery is not begun; None: it is.

    Args:
        deliveries: the number of this one.
        max_deliveries: how many there may be; None: no end.
    """
    if max_deliveries is None or deliveries <= max_deliveries:
        return None
    former = deliveries - 1
    times = "once" if former == 1 else f"{former} times"
    return Bury(f"it was delivered {times}, of {max_deliveries} at most, and the last of its handlers never returned")
