"""What DEBUG has changed about how the server works."""

from __future__ import annotations

from typing import Final

from attrs import define

REPLY_PEAK_MS: Final = 5000.0


@define
class Debugging:
    """Nothing, until DEBUG says so.

    Attributes:
        cron_is_paused: whether the buffers of clients are left alone (PAUSE-CRON).
        reply_peak_ms: for how long the largest reply to a client is remembered (REPLYBUFFER PEAK-RESET-TIME).
        has_simd: whether several registers of a HyperLogLog are handled at once (PFDEBUG SIMD); no reply shows it.
        skips_checksums: whether payloads and files are taken whatever their checksums (SET-SKIP-CHECKSUM-VALIDATION).
        scripts_may_all: whether scripts may call what is not for them (SET-DISABLE-DENY-SCRIPTS).
    """

    cron_is_paused: bool = False
    reply_peak_ms: float = REPLY_PEAK_MS
    has_simd: bool = True
    skips_checksums: bool = False
    scripts_may_all: bool = False
