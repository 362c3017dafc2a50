"""Requests from bytes: both ways through the parser, all its limits, and any fragmentation."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis_streams.simulations.server import VERSIONS, Profile
from redis_streams.simulations.server._request import ProtocolError, RequestParser
from support.simulated import request

REQUESTS = st.lists(
    st.lists(st.binary(max_size=40), min_size=1, max_size=6).map(lambda words: request(*words)), max_size=6
)
# Bytes that are nearly requests find more than any bytes would.
NEARLY = st.lists(
    st.one_of(
        st.sampled_from(
            [b"*1\r\n", b"*2\r\n", b"$4\r\n", b"$0\r\n", b"PING", b"\r\n", b"\n", b"\0", b'"', b"'", b"\\x4", b" "]
        ),
        st.integers(-2, 2**64).map(lambda n: b"*%d\r\n" % n),
        st.integers(-2, 2**64).map(lambda n: b"$%d\r\n" % n),
        st.binary(max_size=8),
        st.lists(st.binary(max_size=5), min_size=1, max_size=3).map(lambda words: request(*words)),
    ),
    max_size=12,
).map(b"".join)
VERSION = st.sampled_from(list(VERSIONS))


def parse(pieces: list[bytes], version: str = "7.0", *, unauthenticated: bool = False) -> list[object]:
    """All requests, and the text of the protocol error at the end if there is one."""
    parser = RequestParser(Profile.of(version))
    parser.unauthenticated = unauthenticated
    found: list[object] = []
    for piece in pieces:
        parser.feed(piece)
        try:
            while (words := parser.take()) is not None:
                found.append(list(words))
        except ProtocolError as error:
            return [*found, error.text.removeprefix(b"ERR Protocol error: ").decode("latin-1")]
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"*1\r\n$4\r\nPING\r\n", [[b"PING"]]),
        (b"PING\r\n", [[b"PING"]]),
        (b"  PING\ta\n", [[b"PING", b"a"]]),
        (b"\r\n\r\nPING\r\n", [[b"PING"]]),
        (b"*0\r\n*-1\r\nPING\r\n", [[b"PING"]]),
        (b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n", [[b"PING"], [b"PING"]]),
        (b"*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n", [[b"ECHO", b"a\r\nb"]]),
        (b'PING "\\x41\\n\\q"\r\n', [[b"PING", b"A\nq"]]),
        (b"PING 'a\\'b\\n'\r\n", [[b"PING", b"a'b\\n"]]),
        (b"PING a'b'\r\n", [[b"PING", b"ab"]]),
        (b"PING ''\r\n", [[b"PING", b""]]),
        (b"PING a\x0bb\r\n", [[b"PING", b"a\x0bb"]]),
        (b"PI\0NG\r\n", []),
        (b"*1\0\r\nPING\r\n", []),
        (b'PING "a\r\n', ["unbalanced quotes in request"]),
        (b'PING "a"b\r\n', ["unbalanced quotes in request"]),
        (b"PING 'a'b\r\n", ["unbalanced quotes in request"]),
        (b"*\r\n", ["invalid multibulk length"]),
        (b"*01\r\n", ["invalid multibulk length"]),
        (b"*2147483648\r\n", ["invalid multibulk length"]),
        (b"*1\r\n$-1\r\n", ["invalid bulk length"]),
        (b"*1\r\n$04\r\n", ["invalid bulk length"]),
        (b"*1\r\n$536870913\r\n", ["invalid bulk length"]),
        (b"PING\r\n*1\r\nX\r\n", [[b"PING"], "expected '$', got 'X'"]),
        (b"*1\r\n\r\n", ["expected '$', got '\r'"]),
        (b"A" * 65537, ["too big inline request"]),
        (b"*" + b"1" * 65537, ["too big mbulk count string"]),
        (b"*1\r\n$" + b"1" * 65537, ["too big bulk count string"]),
    ],
)
def test_what_the_real_server_makes_of_it(data: bytes, expected: list[object]) -> None:
    assert parse([data]) == expected


def test_versions_differ_in_limits() -> None:
    """Until 7.0 at most 2^20 words; 5.0 drops empty words of a line; 8.4 minds no zero bytes there."""
    assert parse([b"*1048577\r\n"], "6.2") == ["invalid multibulk length"]
    assert parse([b"*1048577\r\n"], "7.0") == []
    assert parse([b"PING ''\r\n"], "5.0") == [[b"PING"]]
    assert parse([b"*1\r\nX\0\r\n"], "8.2") == []
    assert parse([b"*1\r\nX\0\r\n"], "8.6") == ["expected '$', got 'X'"]


def test_strangers_may_send_little() -> None:
    """Before AUTH: ten words, of 16 kB each."""
    assert parse([b"*11\r\n"], unauthenticated=True) == ["unauthenticated multibulk length"]
    assert parse([request(*range(11))], unauthenticated=True) == ["unauthenticated multibulk length"]
    assert parse([b"*1\r\n$16385\r\n"], unauthenticated=True) == ["unauthenticated bulk length"]
    assert parse([request(*range(10))], unauthenticated=True) == [[b"%d" % n for n in range(10)]]
    assert parse([b"*11\r\n"], "5.0", unauthenticated=True) == []


def test_nothing_comes_after_an_error() -> None:
    parser = RequestParser(Profile.of("7.0"))
    parser.feed(b"*x\r\nPING\r\n")
    with pytest.raises(ProtocolError):
        parser.take()
    parser.feed(b"PING\r\n")
    assert parser.take() is None


def test_big_words_in_small_pieces_are_no_quadratic_work() -> None:
    """10 MB in 4 kB pieces: each piece is looked at once."""
    data = request("SET", "key", b"x" * 10_000_000)
    found = parse([data[at : at + 4096] for at in range(0, len(data), 4096)])
    assert found == [[b"SET", b"key", b"x" * 10_000_000]]


@given(requests=REQUESTS, cuts=st.lists(st.integers(0, 400)))
def test_requests_come_out_as_they_were_cut_or_not(requests: list[bytes], cuts: list[int]) -> None:
    data = b"".join(requests)
    at = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(at)]
    assert b"".join(request(*words) for words in parse(pieces)) == data


@given(data=NEARLY, cuts=st.lists(st.integers(0, 200)), version=VERSION, unauthenticated=st.booleans())
@example(data=b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r", cuts=[], version="7.0", unauthenticated=False)
def test_any_bytes_in_any_pieces_are_the_same(
    data: bytes, cuts: list[int], version: str, *, unauthenticated: bool
) -> None:
    """No crash, and the same requests and error whether the common way saw them whole or the exact one bit by bit."""
    at = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(at)]
    whole = parse([data], version, unauthenticated=unauthenticated)
    assert parse(pieces, version, unauthenticated=unauthenticated) == whole
    assert parse([data[i : i + 1] for i in range(len(data))], version, unauthenticated=unauthenticated) == whole
