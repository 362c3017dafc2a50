"""What the publisher of a long list is told when a part of it failed."""

from __future__ import annotations

import pytest
from redis.exceptions import ResponseError
from redis_streams import (
    EntryId,
    NotDurable,
    PublishIncomplete,
    PublishIndeterminate,
    PublishTimeout,
)
from redis_streams.runtime._publishing import told_of_list

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
