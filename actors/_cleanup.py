"""What a handler raised beside its cancellation, as where its cleanup failed: nothing comes of it, so it is told."""

from __future__ import annotations

from collections.abc import Sequence

from ._entry_events import CleanupFailed
from ._lease import Lease
from ._stage import Stage


def tell_cleanup(stage: Stage, stream: str, group: str, leases: Sequence[Lease]) -> None:
    """Tell what the run that has these leases raised, if it was cancelled and raised something else, too."""
    error = leases[0].cleanup_error if leases else None
    if error is not None:
        stage.emit(CleanupFailed(stage.path, stream, group, tuple(lease.raw_id for lease in leases), error))
