"""What an engine knows of its files: whoever keeps them says it here, INFO and WAITAOF read it."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import define, field

from ._snapshot_file import SnapshotFile

ALL: Final = 1 << 62


@define
class SnapshotInMemory:
    """In place of a file, where there are none: SAVE remembers, so that DEBUG RELOAD NOSAVE finds something."""

    IS_KEPT: ClassVar[bool] = False

    _data: bytes | None = None

    def write(self, data: bytes) -> None:
        """Hold this."""
        self._data = data

    def read(self) -> bytes | None:
        """What it holds."""
        return self._data


@define
class FileState:
    """The files of one server. Without any, everything counts as written and synced.

    Attributes:
        are_kept: whether there are real files.
        loading_since_s: since when the server loads, seconds since 1970; None: it does not.
        loading_total, loading_done: bytes.
        synced: up to which offset of its effects a power cut would spare them.
        rewrite_wanted, is_rewriting: whether the append-only file is to be written anew, and is.
        snapshot: where the last one is, if anywhere.
        saves_at_end: whether a snapshot is made when the server ends, if there are save points.
        is_saving_until_ms: until when a snapshot is being made in the background, by the timers' clock.
        size, base_size: of the append-only file, bytes.
        rewrites: how often it was written anew.
        last_rewrite_s, last_save_s: how long that took, seconds; -1: there was none.
        last_rewrite_ok: whether it worked.
    """

    are_kept: bool = False
    loading_since_s: int | None = None
    loading_total: int = 0
    loading_done: int = 0
    synced: int = ALL
    rewrite_wanted: bool = False
    is_rewriting: bool = False
    snapshot: SnapshotFile | SnapshotInMemory = field(factory=SnapshotInMemory)
    saves_at_end: bool = True
    is_saving_until_ms: float = 0.0
    size: int = 0
    base_size: int = 0
    rewrites: int = 0
    last_rewrite_s: int = -1
    last_save_s: int = -1
    last_rewrite_ok: bool = True
