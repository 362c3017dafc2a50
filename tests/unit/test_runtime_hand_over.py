"""Between the Trio thread and the one that subscribed."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Sequence
from typing import cast

import pytest
import trio
from redis_streams import Event, Lease
from redis_streams.actors import DONE, Reply, Verdict
from redis_streams.runtime._hand_over import HandOver, _Batch, _Look
from typing_extensions import override

SECONDS = 10


class Token:
    """In the place of Trio's; Ctrl-C is pressed just before verdicts are handed over."""

    def __init__(self) -> None:
        self.verdicts: list[Sequence[Verdict]] = []

    def run_sync_soon(self, _function: object, verdicts: Sequence[Verdict]) -> None:
        signal.raise_signal(signal.SIGINT)
        self.verdicts.append(verdicts)


class Pressed(queue.SimpleQueue[_Batch | _Look | None]):
    """Ctrl-C is pressed just after something was taken out of it."""

    @override
    def get(self, block: bool = True, timeout: float | None = None) -> _Batch | _Look | None:
        taken = super().get(block, timeout)
        signal.raise_signal(signal.SIGINT)
        return taken


def batch(token: Token, events: int) -> _Batch:
    made = [Event(b"%d-0" % number, "e", "t", number, {}, 1, "s", 1, Lease()) for number in range(1, events + 1)]
    return _Batch(made, Reply(), cast("trio.lowlevel.TrioToken", token))


def test_a_second_ctrl_c_amid_the_hand_over_loses_no_verdict() -> None:
    """It broke: what had been handled was handled again. The library's own timer presses it, too."""
    hand_over, token, handled = HandOver(), Token(), list[object]()
    hand_over._queue.put(batch(token, 5))

    def handle(event: Event[object]) -> None:
        handled.append(event.payload)
        if event.payload == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        hand_over.work(handle)
    assert handled == [1, 2, 3]
    assert token.verdicts == [[DONE] * 3]


def test_ctrl_c_together_with_the_end_is_raised() -> None:
    """It broke: who looked for the end first had forgotten it."""
    hand_over = HandOver()
    hand_over._queue = Pressed()
    hand_over.end()
    with pytest.raises(KeyboardInterrupt):
        hand_over.work(print)
    hand_over.work(print)  # It has come to its end all the same.


def test_work_returns_again_and_again_after_the_end() -> None:
    """`close` calls it once more after `subscribe` did, maybe before the background thread has quite ended."""
    hand_over = HandOver()
    hand_over.end()

    def work_twice() -> None:
        for _ in range(2):
            hand_over.work(lambda _event: None)

    thread = threading.Thread(target=work_twice, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()
