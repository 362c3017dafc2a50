"""What outlives a server's process: its append-only file and its snapshots, and what of them a power cut spares.

A write goes to the operating system's page cache first and to the disk with an fsync. `kill -9` ends the process, not
the operating system, so the page cache survives it; a power cut takes it along.

Both files are positions in the journal.
"""

from __future__ import annotations

from typing import Final

from attrs import define

from ..administration._configuration import Configuration

EVERYSEC_MS: Final = 1000
NO_FSYNC_MS: Final = 30_000
"""Without an fsync of its own, Linux writes dirty pages back after about so long (vm.dirty_expire_centisecs)."""


@define
class Disk:
    """How far the journal has got to the disk.

    Attributes:
        written: changes in the append-only file, in the page cache at least.
        synced: those of them that a power cut spares.
        saved: changes in the last snapshot.
        fsync_delay_ms: how much longer an fsync takes than it should (a slow disk, to be set by a fault).
    """

    written: int = 0
    synced: int = 0
    saved: int = 0
    fsync_delay_ms: float = 0.0
    _synced_ms: float = 0.0
    _saved_ms: float = 0.0

    def write(self, position: int, configuration: Configuration, now_ms: float) -> None:
        """Before replies are sent: the changes up to here go into the append-only file."""
        if configuration["appendonly"] != "yes":
            return
        self.written = position
        if configuration["appendfsync"] == "always":
            self.synced, self._synced_ms = position, now_ms
        else:
            self.pass_time(configuration, now_ms)

    def pass_time(self, configuration: Configuration, now_ms: float) -> None:
        """What is written is synced from time to time."""
        pause = EVERYSEC_MS if configuration["appendfsync"] == "everysec" else NO_FSYNC_MS
        if now_ms - self._synced_ms >= pause + self.fsync_delay_ms:
            self.synced, self._synced_ms = self.written, now_ms

    def save(self, position: int, now_ms: float) -> None:
        """A snapshot, as by SAVE or BGSAVE; it is synced before it counts."""
        self.saved, self._saved_ms = position, now_ms

    def save_if_due(self, position: int, configuration: Configuration, now_ms: float) -> bool:
        """A snapshot if one of the save points says so: so many changes since so many seconds."""
        words = configuration["save"].split()
        for seconds, changes in zip(words[::2], words[1::2], strict=False):
            if position - self.saved >= int(changes) and now_ms - self._saved_ms >= int(seconds) * 1000:
                self.save(position, now_ms)
                return True
        return False

    def left(self, configuration: Configuration, *, power_lost: bool) -> int:
        """The position to which a restart brings the server back."""
        if configuration["appendonly"] == "yes":
            return self.synced if power_lost else self.written
        return self.saved

    def reset(self, position: int, now_ms: float) -> None:
        """After a restart the files hold what was loaded from them."""
        self.written = self.synced = position
        self.saved = min(self.saved, position)
        self._synced_ms = now_ms
