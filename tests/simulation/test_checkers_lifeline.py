"""The life of an event, line by line."""

from redis_streams.simulations.checkers import lifeline, lifelines
from redis_streams.simulations.plan import LoseReply, PauseProcess
from support.stories import Story


def test_it_tells_everything_from_the_publishing_to_the_acknowledgement() -> None:
    story = Story().publishes("a").lives("worker-1").reads("worker-1", "a").starts("worker-1", "a").dies("worker-1")
    story.claims("worker-2", "a").renews("worker-2", "a").starts("worker-2", "a").ends("worker-2", "a")
    lines = lifeline(story.acks("worker-2", "a").history(), "a")
    assert [line[15:].rstrip() for line in lines] == [
        "producer     publishes a to orders",
        "server       entry 1700000000003-0 is added to orders",
        "producer     publish ended: acknowledged as 1700000000003-0",
        "worker-1     process 1 starts",
        "server       delivered to worker-1 of billing",
        "worker-1     run 1 begins for billing (delivery 1)",
        "worker-1     process 1 killed",
        "server       claimed by worker-2 of billing, which worker-1 had",
        "worker-2     run 2 begins for billing (delivery 2)",
        "worker-2     run 2 ends: done",
        "server       acknowledged for billing by worker-2",
    ]


def test_it_tells_of_faults_that_struck_those_who_had_to_do_with_it_and_of_no_others() -> None:
    story = Story().publishes("a", "b").reads("worker-1", "a").reads("worker-2", "b")
    story.strikes(LoseReply(), host="worker-1", action="settle").strikes(PauseProcess(), host="worker-2")
    told = "\n".join(lifeline(story.history(), "a"))
    assert "FAULT: the server runs worker-1's 1st settle, and the connection is reset" in told
    assert "worker-2" not in told


def test_it_tells_what_became_of_the_entry() -> None:
    story = Story().publishes("a", "b", "c").reads("worker-1", "a", "b").hands_back("worker-1", "a")
    history = story.destroys("a").buries("worker-1", "b").trims(0).history()
    assert "worker-1 hands it back for billing" in lifeline(history, "a")[4]
    assert [line[28:] for line in lifeline(history, "a")[-2:]] == [
        "gone from orders: power was lost",
        "LOST: its entry",
    ]
    assert "put into the dead letters of billing by worker-1" in "\n".join(lifeline(history, "b"))
    assert "gone from orders: it was trimmed" in lifeline(history, "c")[-1]


def test_a_long_life_is_shortened_in_its_middle() -> None:
    story = Story().publishes("a")
    for _ in range(100):
        story.fails("worker-1", "a")
    lines = lifeline(story.acks("worker-1", "a").history(), "a", lines_max=20)
    assert len(lines) == 20
    assert "185 lines left out" in lines[9]
    assert "acknowledged" in lines[-1]


def test_an_event_that_nobody_knows_has_no_life() -> None:
    assert lifeline(Story().publishes("a").history(), "ghost") == []


def test_several_lives_fit_together_and_too_many_are_not_told() -> None:
    history = Story().publishes(*"abcdefgh").history()
    lines = lifelines(history, [*"abcdefgh"], lines_max=30)
    assert len(lines) <= 30
    assert [line for line in lines if line.endswith(":")] == ["a:", "b:"]
