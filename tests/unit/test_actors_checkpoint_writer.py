"""What the checkpoint writer says of what it may have acknowledged, where the group is another one in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
import trio
from redis_streams.actors import _checkpoint_writer
from redis_streams.actors._checkpoint_writer import CheckpointSettings, checkpoint_writer_actor
from redis_streams.actors._mailbox import Mailbox
from redis_streams.actors._messages import Settle, Settled, SettleMessage
from redis_streams.actors._stage import Stage
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from redis_streams.wire import Client, PendingList, SettleResult
from trio.testing import MockClock
from typing_extensions import override

IDS = (b"1-0", b"2-0", b"3-0")


def test_what_was_said_before_and_not_heard_of_is_unsure() -> None:
    """Where it is lost now; and all of it where the answer is that the group has begun another history."""
    again = Settled(frozenset(IDS[:1])).said_again(IDS)
    assert (again.lost, again.unsure) == (frozenset(), {b"1-0"})
    assert Settled(unsure=frozenset(IDS[:1]), history="another").said_again(IDS[1:]).unsure == {*IDS}
    gone = Settled(frozenset(IDS), group_lost=True).said_again(IDS)
    assert (gone.lost, gone.unsure) == ({*IDS}, {*IDS})


class Interrupted(PendingList):
    """After the first part of a batch somebody destroys the group."""

    @override
    async def settle(
        self, consumer: str, raw_ids: Sequence[bytes], *, checkpoint_key: str | None, history: str = ""
    ) -> SettleResult:
        settled = await super().settle(consumer, raw_ids, checkpoint_key=checkpoint_key, history=history)
        await self._client.call("XGROUP", "DESTROY", "s", "g")
        return settled


async def test_parts_of_a_batch_that_were_settled_before_the_group_was_lost_are_unsure(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """They are not pending where the batch is said again: nobody else has taken them."""
    monkeypatch.setattr(_checkpoint_writer, "SCRIPT_IDS_MAX", 1)
    put_in_process_server("settling", InProcessServer("7.0", clock=lambda: (0, 0.0)))
    mailbox = Mailbox[SettleMessage]("g/settle", 1)
    async with trio.open_nursery() as nursery:
        client = Client("memory://settling", rng=Random(1))
        await nursery.start(client.run)
        await client.call("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
        for raw_id in IDS:
            await client.call("XADD", "s", raw_id, "n", "1")
        await client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
        actor = checkpoint_writer_actor(CheckpointSettings("s", "g"), Interrupted(client, "s", "g"), mailbox, Random(1))
        nursery.start_soon(actor, Stage("w", "w", 1, lambda _event: None))
        settled = await mailbox.address.ask(lambda reply: Settle("c", IDS, (), {}, 1, "", reply), timeout_seconds=60)
        nursery.cancel_scope.cancel()
    assert (settled.group_lost, settled.unsure) == (True, {IDS[0]})
