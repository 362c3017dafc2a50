"""How a read that waits is served before 7.2: the stream that changed, for itself, and by other rules than a read.

* Only the first stream that changed is in the reply, with 1000 entries at most where COUNT was not said.
* Whether there is something new is judged by the last id that was added: where the entry is gone again, the reply holds
  the stream with no entries.
* 7.0 tells who waits for a group when the stream is no more; the versions before it have him wait on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call
from .._errors import CommandError
from .._reply import Pairs, Reply
from ._deliver import deliver, read_after
from ._ids import Id
from ._lookup import join_group
from ._read_options import ReadOptions
from ._stream import Stream

COUNT: Final = 1000


class Wake:
    """Looks for what a waiting client may get.

    Args:
        call: the read that waits.
        options: what it was told.
        behind: per stream, the id behind which it is read, fixed when the wait began; of XREADGROUP it does not matter.
    """

    def __init__(self, call: Call, options: ReadOptions, behind: Sequence[Id]) -> None:
        self._call = call
        self._options = options
        # Where a key is named twice, the first id counts.
        self._behind = dict(zip(reversed(options.keys), reversed(behind), strict=True))

    def __call__(self, key: bytes) -> list[Reply]:
        """What the client gets now that something happened to this key."""
        options = self._options
        stream = self._call.database.get(key)
        if not isinstance(stream, Stream):
            if options.group is not None and self._call.profile.since(7, 0):
                raise CommandError("UNBLOCKED the stream key no longer exists")
            return []
        count = options.count or COUNT
        if options.group is None:
            if stream.last_id <= self._behind[key]:
                return []
            entries = read_after(stream, self._behind[key], count)
        else:
            group = stream.groups.get(options.group)
            if group is None:
                raise CommandError("NOGROUP the consumer group this client was blocked on no longer exists")
            if stream.last_id <= group.last_id:
                return []
            consumer = join_group(self._call, key, group, options.consumer)
            entries = deliver(self._call, stream, group, consumer, count=count, no_ack=options.no_ack)
        return [Pairs([(key, entries)], nested=True)]
