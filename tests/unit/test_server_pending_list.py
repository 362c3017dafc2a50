"""The pending list is a dictionary whose ids are told in order, whatever was put in and taken out before."""

from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.server.streams._ids import Id
from redis_streams.simulations.server.streams._pending_list import GONE_MAX, PendingList

IDS = st.tuples(st.integers(0, 4), st.integers(0, 1))
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put three", "take", "last"]), IDS), max_size=200)


@given(steps=STEPS, start=IDS)
def test_it_tells_what_a_sorted_dictionary_would(
    steps: list[tuple[str, tuple[int, int]]], start: tuple[int, int]
) -> None:
    held: PendingList[int] = PendingList()
    model: dict[Id, int] = {}
    for number, (step, entry_id) in enumerate(steps):
        if step == "put":
            held[entry_id] = model[entry_id] = number
        elif step == "put three":
            rows = {(entry_id[0] + more, entry_id[1]): number for more in range(3)}
            held.update(rows)
            model.update(rows)
        elif step == "take":
            assert held.pop(entry_id) == model.pop(entry_id, None)
        if model:
            assert (held.first(), held.last()) == (min(model), max(model))
        assert len(held) == len(model)
        assert not held.is_before(entry_id) or all(each < entry_id for each in model)
    assert list(held.items()) == sorted(model.items())
    assert list(held.starting_at(start)) == sorted(each for each in model if each >= start)
    assert list(held.starting_at(start, inclusive=False)) == sorted(each for each in model if each > start)
    assert all(held[each] == model[each] and each in held and held.get(each) == model[each] for each in model)


def test_what_is_gone_does_not_pile_up() -> None:
    """Acknowledged from the front, from the back or here and there: the ids kept are bounded by those that are held."""
    for order in (1, -1, 7):
        held: PendingList[int] = PendingList()
        for number in range(1000):
            held[number, 0] = number
        for step in range(990):
            held.pop((step * order % 1000 if order > 0 else 999 - step, 0))
            assert len(held._ids) <= 2 * len(held) + GONE_MAX
