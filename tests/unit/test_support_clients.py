"""A client that is missing is no reason to be silent in a CI."""

import pytest
from support.clients import need


@pytest.mark.parametrize("program", ["redis-cli", "redis-benchmark"])
def test_what_is_missing_skips_a_test_and_fails_a_ci(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both cases with the program's name and where it comes from."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"needs {program}, .* redis-tools"):
        need(program)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=f"needs {program}: .* redis-tools"):
        need(program)
