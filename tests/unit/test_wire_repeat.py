"""Which commands are sent again after their reply was lost."""

import pytest
from redis_streams.wire import Arg, Repeat, repeat_of


def command(text: str) -> tuple[Arg, ...]:
    return tuple(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "GET k",
        "XRANGE s - +",
        "XPENDING s g",
        "XINFO GROUPS s",
        "XREAD STREAMS s 0",
        "PING",
        "CLIENT ID",
        "CONFIG GET x",
    ]
    + ["XACK s g 1-1", "XDEL s 1-1", "XGROUP CREATE s g $", "XGROUP CREATECONSUMER s g c", "SCRIPT LOAD x"],
)
def test_reads_and_what_says_what_shall_be_are_safe(text: str) -> None:
    """The second does nothing that the first did not."""
    assert repeat_of(command(text)) is Repeat.SAFE


@pytest.mark.parametrize(
    "text",
    [
        "XADD s * f v",
        "XADD s 1-1 f v",
        "XADD s * IDMP x",
        "XADD s MAXLEN ~ 5 * IDMP p",
        "INCR k",
        "LPUSH l v",
        "EVALSHA x 0",
    ]
    + ["XREADGROUP GROUP g c STREAMS s >", "XCLAIM s g c 0 1-1", "XAUTOCLAIM s g c 0 0", "XTRIM s MAXLEN 5", "WAIT 1 0"]
    + ["XGROUP DESTROY s g", "XGROUP DELCONSUMER s g c", "XGROUP SETID s g 0", "DEL k", "HSET h f v", "SET k v"]
    + ["CONFIG SET x y", "CLIENT KILL ID 7", "XGROUP", "CLIENT", "NOSUCH"],
)
def test_everything_else_is_never_repeated(text: str) -> None:
    """It would count twice, or undo what somebody else did in between; what is not known is not safe."""
    assert repeat_of(command(text)) is Repeat.NEVER


@pytest.mark.parametrize(
    "text",
    [
        "XADD s IDMP p 1 * f v",
        "XADD s IDMPAUTO p * f v",
        "xadd s nomkstream maxlen ~ 100 limit 5 idmp p 1 * f v",
        "XADD s MINID = 1-1 KEEPREF IDMP p 1 * f v",
        "XADD s MAXLEN 5 IDMP p 1 * f v",
    ],
)
def test_an_append_with_a_token_may_be_repeated(text: str) -> None:
    """Redis remembers the token. It counts only among the options: a field may be called IDMP too."""
    assert repeat_of(command(text)) is Repeat.TOKEN


@pytest.mark.parametrize("name", ["xack", "Xack", b"XACK", b"xAcK"])
def test_case_and_kind_of_the_word_do_not_matter(name: Arg) -> None:
    """Redis compares without case, and so does this."""
    assert repeat_of((name, "s", "g", "1-1")) is Repeat.SAFE
