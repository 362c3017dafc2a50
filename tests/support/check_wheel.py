"""The wheel, installed into a clean environment, runs the quickstart there: `make wheel-test`.

Also: what it adds to site-packages is `redis_streams`, its pytest plugin and its dist-info, since generic names such as
`actors` must not land there; and no module of the checkout is missing from it.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from quickstart import block_with, code_blocks, run_consumer, run_producer
from redis_streams.simulations.real import RedisServer

CHECKOUT = Path(__file__).resolve().parents[2]
LAYERS = ("wire", "actors", "runtime", "simulations")
MODULES = ("*.py", "*.lua", "py.typed")


def build(folder: Path) -> Path:
    """Build the wheel from a copy, so that nothing of an earlier build gets in."""
    source = folder / "source"
    source.mkdir()
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    for name in names.stdout.splitlines():
        if (CHECKOUT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, source], check=True, stdout=subprocess.DEVNULL
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """Nothing generic at the top, nothing forgotten."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    tops = {name.split("/")[0] for name in inside}
    assert sorted(top.split("-")[0] for top in tops) == [
        "redis_streams",
        "redis_streams_pytest",
        "redis_streams_trio",
    ], tops
    files = [CHECKOUT / name for name in ("__init__.py", "__main__.py", "py.typed")]
    files += [file for layer in LAYERS for pattern in MODULES for file in (CHECKOUT / layer).rglob(pattern)]
    missing = {f"redis_streams/{file.relative_to(CHECKOUT).as_posix()}" for file in files} - inside
    assert not missing, f"not in the wheel: {sorted(missing)}"


def run_in_clean_environment(wheel: Path, folder: Path) -> None:
    """Install it with nothing but what it requires, and do what the quickstart says."""
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True)
    text = (CHECKOUT / "docs" / "quickstart.md").read_text()
    (folder / "events.yaml").write_text(code_blocks(text, "yaml")[0])
    command = environment / "bin" / "redis-streams"
    subprocess.run([command, "--version"], check=True)
    subprocess.run([command, "config", "check", "events.yaml"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with RedisServer() as server:
        url = f"redis://localhost:{server.port}"
        produced = run_producer(python, block_with(text, "producer.publish("), url, folder)
        consumed = run_consumer(python, block_with(text, "consumer.subscribe("), url, folder, until="Received: ")
        assert "Published message: " in produced, produced
        assert "Received: price.update - {'symbol': 'AAPL', 'price': 150.25}" in consumed, consumed
        assert "Consumer stopped" in consumed, consumed
        assert server.cli("EVAL", "return redis.call('XPENDING', KEYS[1], 'processors')[1]", 1, "data-updates") == 0


def main() -> None:
    """Build, look inside, install, run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder)
        check_content(wheel)
        run_in_clean_environment(wheel, folder)
        print(f"{wheel.name}: installed alone, it runs the quickstart")


if __name__ == "__main__":
    main()
