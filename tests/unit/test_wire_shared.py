"""What must not be sent over a connection that others use."""

import pytest
from redis_streams.wire import Arg
from redis_streams.wire._shared import check_shareable


def commands(*texts: str) -> list[tuple[Arg, ...]]:
    return [tuple(text.split()) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "SUBSCRIBE c",
        "psubscribe c",
        "UNSUBSCRIBE",
        "MONITOR",
        "SELECT 1",
        "AUTH x",
        "HELLO 3",
        "RESET",
        "QUIT",
        "WATCH k",
    ]
    + [
        "BLPOP l 0",
        "BLMOVE a b LEFT LEFT 0",
        "XREAD BLOCK 0 STREAMS s $",
        "XREADGROUP GROUP g c COUNT 1 BLOCK 5 STREAMS s >",
    ]
    + ["CLIENT REPLY OFF", "MULTI", "WAIT 1 0", "WAITAOF 1 0 0", "READONLY", "READWRITE", "ASKING"],
)
def test_what_changes_or_blocks_the_connection_is_refused(text: str) -> None:
    """All other tasks would suffer. The message names the command and the way out."""
    with pytest.raises(ValueError, match=text.split(maxsplit=1)[0].upper()):
        check_shareable(commands(text))


@pytest.mark.parametrize(
    "text",
    [
        "XADD s * BLOCK 1",
        "CLIENT",
        "XREAD COUNT 1 STREAMS BLOCK $",
        "XREADGROUP GROUP g c STREAMS s >",
        "CLIENT ID",
        "GET MULTI",
    ]
    + ["LPOP l", "EXEC", "NOSUCHCOMMAND", "WAITAOF"],
)
def test_all_else_goes_through(text: str) -> None:
    """Words that only look like an option, or like a command, do no harm."""
    check_shareable(commands(text))


def test_a_whole_transaction_goes_through_in_one_pipeline() -> None:
    """Nobody's commands come between MULTI and its EXEC."""
    check_shareable(commands("MULTI", "SET a 1", "EXEC", "GET a", "MULTI", "DISCARD"))


@pytest.mark.parametrize("texts", [("MULTI", "SET a 1"), ("EXEC", "MULTI"), ("MULTI", "EXEC", "MULTI")])
def test_an_open_transaction_is_refused(texts: tuple[str, ...]) -> None:
    """The next commands of other tasks would fall into it."""
    with pytest.raises(ValueError, match="EXEC"):
        check_shareable(commands(*texts))
