"""Between the Trio thread and the one that subscribed."""

from __future__ import annotations

import threading

from redis_streams.runtime._hand_over import HandOver

SECONDS = 10


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
