"""What publishers are told: of a long list when a part of it failed, and of what nobody took."""

from __future__ import annotations

import pytest
import trio
from redis.exceptions import ResponseError
from redis_streams import (
    EntryId,
    NotDurable,
    PublishIncomplete,
    PublishIndeterminate,
    PublishTimeout,
    Runtime,
)
from redis_streams.runtime._publishing import told_of_list
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

BEFORE, PART = [EntryId(1, 0), EntryId(2, 0)], [EntryId(3, 0)]
REFUSED, LATE = ResponseError("no"), PublishTimeout("late")


@pytest.mark.parametrize("error", [REFUSED, LATE, PublishIncomplete(PART, REFUSED)])
def test_what_is_refused_later_leaves_the_ids_of_what_came_before(error: Exception) -> None:
    told = told_of_list(BEFORE, error, left=7)
    assert isinstance(told, PublishIncomplete)
    assert list(told.published) == (BEFORE + PART if isinstance(error, PublishIncomplete) else BEFORE)
    assert told.refusal in (REFUSED, LATE)


def test_what_is_in_doubt_later_leaves_them_too_and_stays_in_doubt() -> None:
    told = told_of_list(BEFORE, PublishIndeterminate(4, LATE), left=7)
    assert isinstance(told, PublishIndeterminate)
    assert (told.count, told.published) == (4, BEFORE)


def test_what_is_not_durable_is_there_and_what_comes_after_it_is_not() -> None:
    error = NotDurable(PART, "fsynced", "too slow a disk")
    last = told_of_list(BEFORE, error, left=0)
    assert isinstance(last, NotDurable)
    assert list(last.ids) == list(last.published) == BEFORE + PART
    for before in (BEFORE, []):
        told = told_of_list(before, error, left=7)
        assert isinstance(told, PublishIncomplete)
        assert (list(told.published), told.refusal) == (before + PART, error)


@pytest.mark.parametrize("error", [REFUSED, LATE, PublishIncomplete(PART, REFUSED), PublishIndeterminate(4, LATE)])
def test_where_nothing_came_before_the_error_is_the_parts_own(error: Exception) -> None:
    assert told_of_list([], error, left=7) is error


@pytest.mark.parametrize("stops", [True, False])
async def test_what_nobody_took_is_told_with_the_reason(autojump_clock: MockClock, stops: bool) -> None:  # noqa: FBT001
    """It broke: some seconds after the stop had begun it said that the thirty of publishing were up."""
    server, told = InProcessServer("7.0"), list[PublishTimeout]()
    put_in_process_server("taken-by-nobody", server)
    runtime = Runtime("memory://taken-by-nobody", observer=lambda _event: None)

    async def publish() -> None:
        with pytest.raises(PublishTimeout) as caught:
            await runtime.publish("s", 1, event_type="a")
        told.append(caught.value)

    async with trio.open_nursery() as nursery, runtime:
        await runtime.publish("s", 0, event_type="a")
        server.kill()
        nursery.start_soon(publish)
        await trio.sleep(1 if stops else 60)
    [error] = told
    assert ("before the actor that had them stopped" if stops else "within 30 s; is the server there?") in str(error)
