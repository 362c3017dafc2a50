"""What a consumer holds: each entry once, from the read until it is settled or lost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from redis_streams.actors import Job
from redis_streams.actors._consumer_hold import Hold
from redis_streams.wire import Entry
from support.examples import examples

NUMBERS = st.integers(1, 4)


def raw(number: int) -> bytes:
    return b"%d-0" % number


def entries(*numbers: int) -> list[Entry]:
    return [Entry(raw(number), [b"f", b"v"]) for number in numbers]


def numbers_of(jobs: Sequence[Job]) -> list[int]:
    return [entry.id.ms for entry, _ in jobs]


def test_entries_are_taken_in_the_order_of_arrival_with_their_deliveries() -> None:
    """The number of deliveries is what the read was told."""
    hold = Hold(10)
    assert hold.admit(entries(2, 1)) == 2
    assert hold.admit(entries(3), deliveries=4) == 1
    assert hold.take() == (entries(2)[0], 1)
    assert hold.take_many(5) == [(entries(1)[0], 1)]
    assert hold.take_many(5) == [(entries(3)[0], 4)]
    assert hold.take() is None
    assert hold.take_many(5) == []


def test_what_is_delivered_again_comes_alone() -> None:
    """One event that has its batch fail must not take the others with it, again and again, to the dead letters."""
    hold = Hold(10)
    hold.admit(entries(1, 2))
    hold.admit(entries(3, 4), deliveries=2)
    hold.admit(entries(5))
    assert [numbers_of(hold.take_many(9)) for _ in range(5)] == [[1, 2], [3], [4], [5], []]


def test_what_can_t_be_carried_out_is_unfinished_and_keeps_its_deliveries() -> None:
    """Handed back it has had this one, too: it was not cut short. Otherwise the last one is taken off."""
    hold = Hold(10)
    hold.admit(entries(1, 2), deliveries=3)
    hold.finish(raw(1))
    hold.unfinish_counted(raw(1))
    assert set(hold.unfinished()) == {raw(1), raw(2)}
    assert (hold.former_deliveries(raw(1)), hold.former_deliveries(raw(2))) == (3, 2)


def test_what_is_held_is_not_taken_in_again() -> None:
    """In whatever state it is: an entry may come by a read and by a ticket."""
    hold = Hold(10)
    hold.admit(entries(1, 2, 3))
    hold.take_many(2)
    hold.finish(raw(1))
    assert hold.admit(entries(1, 2, 3, 4)) == 1
    assert numbers_of(hold.take_many(9)) == [3, 4]


def test_what_was_released_may_come_again() -> None:
    """A failed entry is delivered once more."""
    hold = Hold(10)
    hold.admit(entries(1))
    hold.take()
    hold.release([raw(1), raw(7)])
    assert raw(1) not in hold
    assert hold.admit(entries(1), deliveries=2) == 1
    assert hold.take() == (entries(1)[0], 2)


def test_places_are_taken_reserved_and_given_back() -> None:
    """A read that is under way has its places already."""
    hold = Hold(5)
    hold.reserve(3)
    assert hold.free == 2
    hold.admit(entries(1, 2))
    hold.reserve(-3)
    assert hold.free == 3
    hold.take()
    hold.finish(raw(1))
    assert hold.free == 3  # only settling frees a place
    hold.release([raw(1)])
    assert hold.free == 4


def test_who_loses_an_entry_does_not_begin_it() -> None:
    """Somebody else owns it: what waits is forgotten, what runs has no place any more."""
    hold = Hold(5)
    hold.admit(entries(1, 2, 3))
    hold.take()
    hold.lose([raw(1), raw(2)])
    assert numbers_of(hold.take_many(9)) == [3]
    assert hold.raw_ids() == (raw(3),)


def test_jobs_that_were_not_begun_wait_again_before_all_others() -> None:
    """In their old order, and without those that were lost meanwhile."""
    hold = Hold(9)
    hold.admit(entries(1, 2, 3, 4))
    jobs = hold.take_many(3)
    hold.lose([raw(2)])
    hold.put_back(jobs)
    assert numbers_of(hold.take_many(9)) == [1, 3, 4]


def test_a_job_that_was_lost_and_came_back_does_not_wait_twice() -> None:
    """It broke: putting back a batch let the old delivery run beside the new one."""
    hold = Hold(9)
    hold.admit(entries(1, 2))
    jobs = hold.take_many(2)
    hold.lose([raw(1)])
    hold.admit(entries(1), deliveries=2)
    hold.put_back(jobs)
    again = [hold.take(), hold.take(), hold.take()]
    assert [job and (job[0].raw_id, job[1]) for job in again] == [(raw(2), 1), (raw(1), 2), None]


def test_deliveries_that_are_forgiven_do_not_count_when_it_is_handed_back() -> None:
    """Until the entry is gone."""
    hold = Hold(9)
    hold.admit(entries(1), deliveries=5)
    hold.count_only(raw(1), 2)
    assert hold.former_deliveries(raw(1)) == 2
    hold.release([raw(1)])
    hold.admit(entries(1), deliveries=5)
    assert hold.former_deliveries(raw(1)) == 4


def test_what_is_set_aside_has_not_begun() -> None:
    """Handed back, it counts as often as before it was delivered; what a worker has taken may have begun."""
    hold = Hold(9)
    hold.admit(entries(1, 2))
    hold.admit(entries(3), deliveries=4)
    hold.take()
    hold.set_aside(9)
    assert [hold.former_deliveries(raw(number)) for number in (1, 2, 3)] == [1, 0, 3]


def test_deliveries_that_came_before_are_known_until_the_entry_is_gone() -> None:
    """What is handed back counts as often as it did before; a first delivery was counted by its read."""
    hold = Hold(9)
    hold.admit(entries(1))
    hold.admit(entries(2), deliveries=4)
    assert [hold.former_deliveries(raw(number)) for number in (1, 2)] == [1, 3]
    hold.take_many(9)
    hold.release([raw(2)])
    hold.admit(entries(2))
    assert hold.former_deliveries(raw(2)) == 1


def test_another_entry_with_an_id_that_is_held_is_told_apart() -> None:
    """A server that lost its last writes hands out their ids again; the same entry once more is no news."""
    hold = Hold(9)
    former, again, other = (Entry(raw(1), [b"f", value]) for value in (b"v", b"v", b"w"))
    hold.admit([former])
    assert hold.reused([again]) == []
    assert hold.reused([other]) == [raw(1)]
    assert hold.holds(former)
    hold.lose([raw(1)])
    hold.admit([other])
    assert not hold.holds(former)
    assert hold.holds(other)


class HoldMachine(RuleBasedStateMachine):
    """Against a model: for each entry held, whether it waits, runs or is finished."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.hold = Hold(6)
        self.model: dict[int, str] = {}
        self.deliveries: dict[int, Entry] = {}
        self.queue: list[int] = []
        self.again: set[int] = set()
        self.reserved = 0

    def state_of(self, job: Job) -> str | None:
        """None also where the id is held in another delivery."""
        number = job[0].id.ms
        return self.model.get(number) if self.deliveries.get(number) is job[0] else None

    @rule(numbers=st.lists(NUMBERS, max_size=4), deliveries=st.integers(1, 3))
    def admit(self, numbers: list[int], deliveries: int) -> None:
        new = [number for number in dict.fromkeys(numbers) if number not in self.model]
        delivered = entries(*numbers)
        assert self.hold.admit(delivered, deliveries) == len(new)
        self.deliveries.update((entry.id.ms, entry) for entry in reversed(delivered) if entry.id.ms in new)
        self.model.update(dict.fromkeys(new, "waiting"))
        self.queue += new
        self.again = (self.again - set(new)) | (set(new) if deliveries > 1 else set())

    @rule(target=running, most=st.integers(1, 3))
    def take_many(self, most: int) -> object:
        jobs = self.hold.take_many(most)
        firsts = len(list(takewhile(lambda number: number not in self.again, self.queue[:most])))
        taken, self.queue = self.queue[: firsts or 1], self.queue[firsts or 1 :]
        assert numbers_of(jobs) == taken
        self.model.update(dict.fromkeys(taken, "running"))
        return multiple(*jobs)

    @rule(target=running)
    def take(self) -> object:
        job = self.hold.take()
        if job is None:
            assert not self.queue
            return multiple()
        number = self.queue.pop(0)
        assert numbers_of([job]) == [number]
        self.model[number] = "running"
        return job

    @rule(jobs=st.lists(consumes(running), max_size=3, unique_by=lambda job: job[0].raw_id))
    def put_back(self, jobs: list[Job]) -> None:
        again = [job[0].id.ms for job in jobs if self.state_of(job) == "running"]
        self.hold.put_back([job for job in jobs if self.state_of(job) != "finished"])
        self.queue = again + self.queue
        self.model.update(dict.fromkeys(again, "waiting"))

    @rule(job=consumes(running))
    def finish(self, job: Job) -> None:
        number = job[0].id.ms
        if self.state_of(job) == "running":
            self.hold.finish(raw(number))
            self.model[number] = "finished"

    @rule(numbers=st.lists(NUMBERS, max_size=3))
    def release(self, numbers: list[int]) -> None:
        settled = [number for number in numbers if self.model.get(number) != "waiting"]
        self.hold.release(map(raw, settled))
        for number in settled:
            self.model.pop(number, None)

    @rule(numbers=st.lists(NUMBERS, max_size=3))
    def lose(self, numbers: list[int]) -> None:
        self.hold.lose(map(raw, numbers))
        self.queue = [number for number in self.queue if number not in numbers]
        for number in numbers:
            self.model.pop(number, None)

    @rule(places=st.integers(0, 3))
    def reserve(self, places: int) -> None:
        self.hold.reserve(places - self.reserved)
        self.reserved = places

    @invariant()
    def agrees(self) -> None:
        """Every question about it has the model's answer."""
        hold, model = self.hold, self.model
        assert len(hold) == len(model)
        assert hold.waiting == len(self.queue)
        assert hold.free == max(0, 6 - len(model) - self.reserved)
        assert set(hold.raw_ids()) == set(map(raw, model))
        unfinished = [raw(number) for number, state in model.items() if state != "finished"]
        assert set(hold.unfinished()) == set(unfinished)
        for number in range(1, 5):
            assert (raw(number) in hold) == (number in model)
            assert hold.is_finished(raw(number)) == (model.get(number) == "finished")


TestHold = HoldMachine.TestCase
TestHold.settings = settings(max_examples=examples(100), stateful_step_count=40, deadline=None)
