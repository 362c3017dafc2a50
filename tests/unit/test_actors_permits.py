"""Who may begin what, in a group that handles at most once: decided by what became of an acknowledgement."""

from redis_streams.actors._permits import Permits
from redis_streams.wire import Entry

IDS = (b"1-0", b"2-0", b"3-0")


def entries(*raw_ids: bytes) -> list[Entry]:
    return [Entry(raw_id, [b"f", b"v"]) for raw_id in raw_ids]


def test_what_is_settled_is_granted_and_what_is_not_is_refused() -> None:
    """The worker is woken when all that it asked for is answered, and places are kept for what it may begin."""
    permits = Permits()
    permit = permits.ask(entries(*IDS))
    assert permits.grant([b"1-0"], refused=()) == []
    assert not permit.answered.is_set()
    assert permits.grant([b"2-0", b"3-0"], refused={b"2-0"}) == []
    assert permit.answered.is_set()
    assert [entry.raw_id for entry in permit.granted] == [b"1-0", b"3-0"]
    assert (permits.begun, permits.unanswered()) == (2, ())


def test_what_nobody_wants_any_more_is_named_when_it_is_settled() -> None:
    """Its worker was cancelled while it was being acknowledged: it takes no place, and somebody has to tell."""
    permits = Permits()
    permits.ask(entries(*IDS)).is_wanted = False
    assert permits.grant(IDS, refused={b"2-0"}) == [b"1-0", b"3-0"]
    assert permits.begun == 0


def test_what_is_lost_while_it_is_asked_for_is_not_granted_any_more() -> None:
    permits = Permits()
    permit = permits.ask(entries(*IDS[:2]))
    assert permits.refuse(IDS) == [b"1-0", b"2-0"]
    assert permit.answered.is_set()
    assert permits.grant(IDS, refused=()) == []
    assert permit.granted == []


def test_what_is_settled_and_was_not_asked_for_is_nobodys() -> None:
    """Dead letters, and what was deleted while it was pending."""
    permits = Permits()
    assert permits.grant(IDS, refused=()) == []
    assert permits.begun == 0
