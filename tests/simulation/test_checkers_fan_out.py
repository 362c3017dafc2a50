"""What readers without a group see, and what their checkpoints say: `fan-out`."""

from __future__ import annotations

import pytest
from attrs import evolve
from redis_streams.actors import ReaderBegan, ReaderMoved, dead_letter_key, readers_key
from redis_streams.simulations.checkers import AT_LEAST_ONCE, fan_out, judge
from redis_streams.simulations.history import Applied, History
from redis_streams.simulations.plan import KillProcess, RestartEmpty
from redis_streams.wire import EntryId
from support.stories import STREAM, Story

PATH, READER = "root/readers/reader:orders:worker-1", "worker-1"


class Reading(Story):
    """A story without a group: worker-1 has a reader of its name."""

    def begins(self, host: str = READER, after: str = "0-0", *, is_new: bool = True) -> Reading:
        self.tells(host, ReaderBegan(PATH, STREAM, host, EntryId.parse(after), is_new))
        return self

    def sees(self, *events: str, outcome: str = "done", host: str = READER) -> Reading:
        """Its handler runs on each of these."""
        for event in events:
            self.starts(host, event)
            of = {"group": host, "is_reader": True}
            self.told.records[-1] = self._open[host, event] = evolve(self._open[host, event], **of)
            self.ends(host, event, outcome)
        return self

    def notes(self, event: str, *, history: int = 0, host: str = READER) -> Reading:
        """Its checkpoint is written."""
        mark = b"%d %s 1 -" % (history, self.ids.get(event, event.encode()))
        self._applied(host, b"HSET", readers_key(STREAM).encode(), host.encode(), mark)
        return self

    def gives_up(self, event: str, host: str = READER) -> Reading:
        """A dead letter is written."""
        about = (b"dead_id", self.ids[event], b"dead_stream", STREAM.encode(), b"dead_group", host.encode())
        self._applied(host, b"XADD", dead_letter_key(STREAM, host).encode(), b"9-9", *about)
        return self

    def ended(self) -> History:
        history = self.history()
        history.groups = []
        return history


def kinds(story: Reading) -> list[str]:
    return [verdict.kind for verdict in fan_out(story.ended())]


def reading(*events: str) -> Reading:
    story = Reading().begins()
    story.publishes(*events)
    return story


def test_who_sees_everything_in_order_keeps_it() -> None:
    """One that is given up is seen; and nobody else has anything to say of readers."""
    story = reading("a", "b", "c").sees("a").notes("a").sees("b", outcome="failed").gives_up("b").notes("b").sees("c")
    assert not judge(story.notes("c").ended(), AT_LEAST_ONCE)


def test_what_was_never_seen_is_told() -> None:
    [verdict] = fan_out(reading("a", "b").sees("a").ended())
    assert verdict.event_ids == ("b",)
    assert verdict.words.startswith("reader worker-1 of orders never saw b (")


def test_what_was_there_before_it_began_is_not_owed() -> None:
    story = Reading()
    story.publishes("a")
    assert not kinds(story.begins(after=story.ids["a"].decode()))


def test_a_second_beginning_counts_only_where_the_checkpoint_was_lost() -> None:
    def story(*, lost: bool) -> Reading:
        told = reading("a")
        if lost:
            told.strikes(RestartEmpty())
        return told.begins(after=told.ids["a"].decode())

    assert kinds(story(lost=False)) == ["missed"]
    assert not kinds(story(lost=True))


def test_what_was_removed_is_not_owed() -> None:
    story = reading("a", "b")
    story.trims(1)
    assert not kinds(story.sees("b"))


def test_a_checkpoint_that_passes_what_was_not_seen_is_told() -> None:
    """Also if it is seen later: who is killed before that never sees it."""
    assert kinds(reading("a", "b").sees("a").notes("b").sees("b")) == ["passed"]


def test_a_checkpoint_beyond_the_end_is_of_a_former_stream() -> None:
    assert not kinds(reading("a").notes("99999999999999-0").sees("a"))


def test_a_checkpoint_whose_id_was_given_again_is_of_a_former_stream() -> None:
    story = reading("a").sees("a")
    story.deletes_the_stream().publishing("b").adds("b", story.ids["a"].decode())
    assert not kinds(story.notes("a").sees("b"))


def test_what_is_added_when_all_are_to_stop_is_not_owed() -> None:
    story = reading("a").sees("a")
    story.enters("stopping").publishes("b")
    assert not kinds(story)


def test_a_checkpoint_that_goes_back_is_told() -> None:
    """But for another history of the stream, and after a fault that takes the server back."""
    story = reading("a", "b").sees("a", "b").notes("b")
    assert kinds(story.notes("a")) == ["back"]
    story = reading("a", "b").sees("a", "b").notes("b")
    assert not kinds(story.notes("a", history=1))
    story = reading("a", "b").sees("a", "b").notes("b")
    story.strikes(RestartEmpty())
    assert not kinds(story.notes("a"))


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_what_begins_before_the_former_one_was_seen_is_told(outcome: str) -> None:
    assert kinds(reading("a", "b").sees("a", outcome=outcome).sees("b")) == ["order", "missed"]


def test_what_begins_out_of_order_is_told() -> None:
    """But for a new process, and where the reader says that it goes on elsewhere."""
    assert kinds(reading("a", "b").sees("b", "a")) == ["order"]
    story = reading("a", "b").sees("a", "b")
    story.strikes(KillProcess(), host=READER).lives(READER)
    assert not kinds(story.sees("a", "b"))
    story = reading("a", "b").sees("a", "b")
    story.tells(READER, ReaderMoved(PATH, STREAM, READER, EntryId(9, 9), EntryId(0, 0), "it went back"))
    assert not kinds(story.sees("a", "b"))


def test_who_is_broken_for_good_owes_nothing() -> None:
    story = Reading(broken_for_good=[READER]).begins()
    story.publishes("a")
    assert not kinds(story)


def test_other_keys_are_no_checkpoints() -> None:
    story = reading("a").sees("a")
    story.told.records.append(Applied(1.0, "server", (b"HSET", b"{other}:readers", b"worker-1", b"0 9-9 1 -"), READER))
    assert not kinds(story)
