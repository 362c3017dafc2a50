"""Replies are cut where they end, in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.real.ground._replies import NotAReply, ReplyFramer

REPLIES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":12\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"$0\r\n\r\n",
    b"$4\r\n\r\n*1\r\n",
    b"*0\r\n",
    b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*-1\r\n",
]


@given(replies=st.lists(st.sampled_from(REPLIES)), sizes=st.lists(st.integers(1, 9), min_size=1))
def test_what_comes_in_pieces_is_what_was_sent(replies: list[bytes], sizes: list[int]) -> None:
    """Wherever the pieces end: the same replies, in their order."""
    framer, data, taken = ReplyFramer(), b"".join(replies), list[bytes]()
    for turn in range(len(data)):
        size = sizes[turn % len(sizes)]
        framer.feed(data[:size])
        data = data[size:]
        while (reply := framer.take()) is not None:
            taken.append(reply)
    assert taken == replies


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n", b"$x\r\n", b"%1\r\n"])
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    """Rather than passed on by guessing where it ends."""
    framer = ReplyFramer()
    framer.feed(data)
    with pytest.raises(NotAReply):
        framer.take()
