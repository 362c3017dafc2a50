"""What a consumer keeps of its verdicts until they are settled."""

from __future__ import annotations

from redis_streams.actors._consumer_desk import Verdicts


def test_a_verdict_that_is_under_way_is_forgotten_too() -> None:
    """Its id stands for another entry by now: put back, it would be a verdict on that one."""
    verdicts = Verdicts(done=[b"1-0", b"2-0"], later={b"3-0": 1})
    taken = verdicts.take()
    verdicts.done.append(b"4-0")
    verdicts.forget([b"1-0", b"3-0"])
    assert taken.raw_ids() == [b"2-0"]
    verdicts.put_back(taken)
    assert verdicts.raw_ids() == [b"2-0", b"4-0"]
