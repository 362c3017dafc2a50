"""A headless Chromium for the tests of pages. Without one they are skipped with the reason; under CI=true they fail."""

import os
from collections.abc import Iterator

import pytest
from support.browser import Browser, find_browser

NO_BROWSER = (
    "needs a Chromium, and there is none: put one on PATH or set BROWSER_BINARY "
    "(Debian: apt-get install chromium-headless-shell)"
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; each page is its own."""
    binary = find_browser()
    if binary is None and os.environ.get("CI") == "true":
        pytest.fail(NO_BROWSER, pytrace=False)
    if binary is None:
        pytest.skip(NO_BROWSER)
    with Browser(binary, tmp_path_factory.mktemp("profile")) as running:
        yield running
