"""A server on TCP keeps its data on a real disk: its append-only file is loaded, written and synced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

import trio

from .._engine import Engine
from .._errors import CommandError
from ..administration._server_commands import write_snapshot
from ..rdb._reading import BadFormat
from ..rdb._snapshot_read import load_snapshot
from ._append_only_file import AppendOnlyFile, BadFile
from ._effects import Effects
from ._loading import Loading
from ._rewrite import base_of
from ._snapshot_file import SnapshotFile

LOADING_SLICE_S: Final = 0.02
"""So long the server loads before it looks at its clients."""
SYNC_EVERY_S: Final = 1.0


class KeptOnDisk:
    """The files of one engine.

    Args:
        engine: whose. Its parameters say whether there is a file, and where.
        say: told what an operator should know.
    """

    def __init__(self, engine: Engine, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._say = say
        self._file: AppendOnlyFile | None = None
        self._unwritten: list[bytes] = []
        self._since_rewrite: list[bytes] = []
        self._unsynced = False
        self._began_s = time.time()
        engine.files.are_kept = True
        engine.files.snapshot = SnapshotFile(engine.configuration)

    @property
    def _is_on(self) -> bool:
        return self._engine.configuration["appendonly"] == "yes"

    async def load(self) -> None:
        """Load what is there; clients are told to wait meanwhile.

        Raises:
            BadFile: it cannot be loaded.
        """
        if not self._is_on:
            self._load_snapshot()
            return
        file = AppendOnlyFile(self._engine.profile, self._engine.configuration)
        loading = Loading(self._engine, file.files(), self._say, now_us=time.time_ns() // 1000)
        state = self._engine.files
        state.loading_since_s, state.loading_total = int(time.time()), loading.total
        slice_ends = time.perf_counter() + LOADING_SLICE_S
        for _ in loading.steps():
            if time.perf_counter() >= slice_ends:
                state.loading_done = loading.done
                await trio.lowlevel.checkpoint()
                slice_ends = time.perf_counter() + LOADING_SLICE_S
        state.loading_since_s = None
        self._begin(file)

    def _load_snapshot(self) -> None:
        engine = self._engine
        data = engine.files.snapshot.read()
        if data is None:
            return
        engine.now_us = time.time_ns() // 1000
        try:
            load_snapshot(engine, data)
        except BadFormat as error:
            raise BadFile(f"{engine.configuration['dbfilename']}: {error}") from error
        engine.forget_what_loading_did()

    def _save_if_due(self) -> None:
        """A snapshot if one of the save points says so: so many changes since so many seconds."""
        engine = self._engine
        changes, since_s = engine.dirty - engine.saved_dirty, time.time() - (engine.saved_ms / 1000 or self._began_s)
        words = engine.configuration["save"].split()
        if not engine.is_loading and any(
            since_s >= int(seconds) and changes >= int(least)
            for seconds, least in zip(words[::2], words[1::2], strict=True)
        ):
            self._save()

    def _save(self) -> None:
        try:
            write_snapshot(self._engine)
        except CommandError as error:
            self._say(f"no snapshot could be written: {error.__cause__}")

    def _begin(self, file: AppendOnlyFile) -> None:
        engine = self._engine
        file.open()
        self._file = file
        effects = engine.effects = engine.effects or Effects(engine)
        effects.begin_anew()
        effects.recorders.append(self._take)
        engine.files.synced = effects.offset
        self._note_sizes()

    def _take(self, data: bytes) -> None:
        self._unwritten.append(data)

    def write_out(self) -> None:
        """Before replies are sent: what commands did is written, and synced if it always is to be."""
        if (self._file is not None) != self._is_on and not self._engine.is_loading:
            self._turn()
        if self._file is None or not self._unwritten:
            return
        data = b"".join(self._unwritten)
        self._unwritten.clear()
        self._file.write(data)
        if self._engine.files.is_rewriting:
            self._since_rewrite.append(data)
        if self._engine.configuration["appendfsync"] == "always":
            self._file.sync()
            self._note_synced()
        else:
            self._unsynced = True
        self._engine.files.size = self._file.written + self._engine.files.base_size

    def _turn(self) -> None:
        """CONFIG SET appendonly: begin with all that there is, or end."""
        engine = self._engine
        if self._file is None:
            file = AppendOnlyFile(engine.profile, engine.configuration)
            file.open()
            file.start_rewrite()
            file.finish_rewrite(base_of(engine))
            self._begin(file)
        else:
            self.close()

    async def run(self) -> None:
        """Sync each second, and write the file anew when that is wanted; until cancelled."""
        next_sync = trio.current_time()
        while True:
            await trio.sleep(0.05)
            self._save_if_due()
            if self._engine.files.rewrite_wanted:
                await self._rewrite()
            if self._unsynced and trio.current_time() >= next_sync:
                next_sync = trio.current_time() + SYNC_EVERY_S
                if self._engine.configuration["appendfsync"] == "everysec":
                    await self._sync()

    async def _sync(self) -> None:
        file, effects = self._file, self._engine.effects
        if file is None or effects is None:
            return
        self._unsynced, offset = False, effects.offset
        await trio.to_thread.run_sync(file.sync)
        self._note_synced(offset)

    def _note_synced(self, offset: int | None = None) -> None:
        effects = self._engine.effects
        if effects is not None:
            self._engine.files.synced = effects.offset if offset is None else offset
            self._engine.role.offsets_changed()

    async def _rewrite(self) -> None:
        state, began = self._engine.files, time.perf_counter()
        state.rewrite_wanted = False
        file = self._file
        if file is None:
            # Without appendonly it is written all the same, for whoever wants to use it later.
            file = AppendOnlyFile(self._engine.profile, self._engine.configuration)
            file.open()
        base: Iterable[bytes] = base_of(self._engine)
        self._since_rewrite = []
        state.is_rewriting = True
        file.start_rewrite()
        if self._engine.effects is not None:
            self._engine.effects.begin_anew()
        try:
            await trio.to_thread.run_sync(file.finish_rewrite, base, self._since_rewrite)
            state.last_rewrite_ok = True
        except OSError as error:
            state.last_rewrite_ok = False
            self._say(f"the append-only file could not be written anew: {error}")
        state.is_rewriting = False
        state.rewrites += 1
        state.last_rewrite_s = int(time.perf_counter() - began)
        self._note_sizes()
        if file is not self._file:
            file.close()

    def _note_sizes(self) -> None:
        if self._file is not None:
            self._engine.files.base_size = self._file.base_size
            self._engine.files.size = self._file.written + self._file.base_size

    def end(self) -> None:
        """The server ends: if there are save points, and nothing against it was said, there is a snapshot."""
        engine = self._engine
        if engine.configuration["save"] and engine.files.saves_at_end and not engine.is_loading:
            engine.now_us = time.time_ns() // 1000
            self._save()
        self.close()

    def close(self) -> None:
        """All that was written is synced."""
        if self._file is None:
            return
        file, self._file = self._file, None
        effects = self._engine.effects
        if self._unwritten:
            file.write(b"".join(self._unwritten))
            self._unwritten.clear()
        file.close()
        if effects is not None:
            effects.recorders.remove(self._take)
            self._engine.files.synced = effects.offset
