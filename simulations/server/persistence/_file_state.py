"""What an engine knows of its files: whoever keeps them says it here, INFO and WAITAOF read it."""

from __future__ import annotations

from typing import Final

from attrs import define

ALL: Final = 1 << 62


@define
class FileState:
    """The files of one server. Without any, everything counts as written and synced.

    Attributes:
        are_kept: whether there are real files.
        loading_since_s: since when the server loads, seconds since 1970; None: it does not.
        loading_total, loading_done: bytes.
        synced: up to which offset of its effects a power cut would spare them.
        rewrite_wanted, is_rewriting: whether the append-only file is to be written anew, and is.
        save_wanted: whether a snapshot is to be made.
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
    save_wanted: bool = False
    is_saving_until_ms: float = 0.0
    size: int = 0
    base_size: int = 0
    rewrites: int = 0
    last_rewrite_s: int = -1
    last_save_s: int = -1
    last_rewrite_ok: bool = True
