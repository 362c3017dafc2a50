"""The helper that runs the quickstart's blocks: a check that cannot fail would prove nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.quickstart import block_with, code_blocks, run_consumer, run_producer

PYTHON = Path(sys.executable)
TEXT = """\
Words.

```python
print("redis://localhost:6379")
```

```yaml
a: 1
```

```python
raise SystemExit(3)
```
"""


def test_blocks_are_found_by_language_and_by_words() -> None:
    """In order, without the fences."""
    assert code_blocks(TEXT, "python") == ['print("redis://localhost:6379")\n', "raise SystemExit(3)\n"]
    assert code_blocks(TEXT, "yaml") == ["a: 1\n"]
    assert block_with(TEXT, "Exit") == "raise SystemExit(3)\n"


def test_nothing_but_the_address_is_rewritten(tmp_path: Path) -> None:
    """The block talks to the server that the test started."""
    assert run_producer(PYTHON, block_with(TEXT, "print"), "redis://localhost:1", tmp_path) == "redis://localhost:1\n"


def test_a_block_that_fails_is_a_failure(tmp_path: Path) -> None:
    """Whichever way it is run."""
    with pytest.raises(subprocess.CalledProcessError):
        run_producer(PYTHON, "raise SystemExit(3)", "redis://x", tmp_path)
    with pytest.raises(AssertionError, match="ended with 3"):
        run_consumer(PYTHON, "print('so far')\nraise SystemExit(3)", "redis://x", tmp_path, until="Received")


def test_a_block_that_waits_is_interrupted(tmp_path: Path) -> None:
    """Ctrl-C comes after the line that was waited for."""
    waiting = "    print('Received')\n    time.sleep(60)\n"
    block = f"import time\ntry:\n{waiting}except KeyboardInterrupt:\n    print('Stopped')\n"
    assert run_consumer(PYTHON, block, "redis://x", tmp_path, until="Received") == "Received\nStopped\n"
