"""Configuration: what a stream keeps."""

import math

from attrs import Attribute, field, frozen, validators

from ..actors import Retention


def _is_positive_or_none(_instance: object, attribute: "Attribute[float]", value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise ValueError(f"'{attribute.name}' must be a number > 0: {value}")


def _is_share(_instance: object, attribute: "Attribute[float]", value: float) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"'{attribute.name}' must be a number above 0, up to 1: {value}")


@frozen
class RetentionConfig:
    """What the stream keeps; nothing is removed while none of the first three is given. See `Retention`.

    Attributes:
        max_length: about how many entries it keeps, and what groups still need; null: any number.
        max_age_seconds: for about how long; null: for ever.
        settled: true: what all groups have settled goes at once.
        lossy: true: the limits hold whatever groups need.
        ignore_groups: a list of groups whose needs do not count.
        interval_seconds: time between two looks.
        warn_at: from which share of a limit on a group is told to be near it.
    """

    max_length: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    max_age_seconds: float | None = field(default=None, validator=_is_positive_or_none)
    settled: bool = False
    lossy: bool = False
    ignore_groups: tuple[str, ...] = ()
    interval_seconds: float = field(default=10.0, validator=_is_positive_or_none)
    warn_at: float = field(default=0.8, validator=_is_share)

    def policy(self) -> Retention | None:
        """The same, as a stream takes it; None: it keeps everything."""
        if self.max_length is None and self.max_age_seconds is None and not self.settled:
            return None
        return Retention(
            max_length=self.max_length,
            max_age_seconds=self.max_age_seconds,
            settled=self.settled,
            lossy=self.lossy,
            ignore_groups=self.ignore_groups,
            interval_seconds=self.interval_seconds,
            warn_at=self.warn_at,
        )
