"""What checkers read in commands."""

import pytest
from redis_streams.simulations.checkers._words import addition


@pytest.mark.parametrize(
    "options",
    [b"", b"NOMKSTREAM", b"MAXLEN ~ 5", b"MAXLEN = 5 LIMIT 2 KEEPREF", b"IDMP producer token", b"IDMPAUTO producer"],
    ids=bytes.decode,
)
def test_an_addition_is_read_behind_all_its_options(options: bytes) -> None:
    """As servers pass it on to replicas: a real 8.6 leaves IDMP in."""
    read = addition([b"XADD", b"orders", *options.split(), b"5-1", b"name", b"value"])
    assert (read.raw_id, read.fields) == (b"5-1", [b"name", b"value"])
