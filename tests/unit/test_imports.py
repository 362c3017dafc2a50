"""The arrows of the architecture, simulations → runtime → actors → wire, read from the source without importing it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

# In one process, as reading all modules takes seconds.
pytestmark = pytest.mark.xdist_group("sources")

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("wire", "actors", "runtime", "simulations")
ROOT_MODULES = ("__init__", "__main__")

# The five actors know each other's messages, never each other.
ACTORS = ("stream", "group", "consumer", "reclaimer", "checkpoint_writer")

# Who may import redis-py and hiredis: the wire's two doors, and the test equipment's redis-cli.
REDIS_PY = ("redis", "hiredis")
MAY_IMPORT_REDIS_PY = {"wire._redis_py", "wire._errors", "simulations.real._server"}

# Decisions are made where neither a clock nor a scheduler is at hand.
PURE = (
    "actors._policy",
    "actors._checkpoint",
    "actors._keys",
    "wire._ids",
    "runtime._config_file",
    "runtime._config_text",
)
IMPURE = ("trio", "time", "random", "socket", "threading")

# The address memory:// is opened by a lazy import of the simulated server, which is an optional extra.
LAZY_EXCEPTIONS = {("wire._dial", "simulations.server"), ("runtime._ports", "simulations.server")}


Import = tuple[str, int, str]
"""Who imports, on which level (0: an absolute name), and what."""


# Not while tests are collected: each process of each run does that, and one of them runs what is here.
@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package, by its name inside it."""
    files = [ROOT / f"{name}.py" for name in ROOT_MODULES]
    files += [file for layer in LAYERS for file in (ROOT / layer).rglob("*.py")]
    return {name_of(file): ast.parse(file.read_text(), str(file)) for file in sorted(files) if file.exists()}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports(name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What a module imports, wherever it does: the level, and a name from the package's root (or an absolute one)."""
    package = ROOT.joinpath(*name.split("."))
    inside = name.split(".") if package.is_dir() else name.split(".")[:-1]
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield 0, node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) + 1 - node.level]
            for alias in node.names:
                yield node.level, ".".join([*base, *filter(None, [node.module]), alias.name])


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All that stands in lines of its own, however deep: imports do, and most of a tree is expressions."""
    rest: list[ast.AST] = [tree]
    while rest:
        node = rest.pop(0)
        yield node
        for block in ("body", "handlers", "orelse", "finalbody", "cases"):
            rest += getattr(node, block, ())


def layer(name: str) -> int:
    """How high a module stands; the root is above all."""
    top = name.split(".", maxsplit=1)[0]
    return LAYERS.index(top) if top in LAYERS else len(LAYERS)


def actor_of(name: str) -> str | None:
    """The actor that a module is part of: `_consumer_hold` is part of the consumer."""
    if not name.startswith("actors._"):
        return None
    module = name.removeprefix("actors._").split(".")[0]
    return next((actor for actor in ACTORS if module == actor or module.startswith(f"{actor}_")), None)


@cache
def all_imports() -> list[Import]:
    return [(name, level, target) for name, tree in modules().items() for level, target in imports(name, tree)]


def broken_arrows(rows: list[Import]) -> list[str]:
    return [
        f"{name} imports {target}"
        for name, level, target in rows
        if level and layer(target) > layer(name) and not is_lazy_exception(name, target)
    ]


def is_lazy_exception(name: str, target: str) -> bool:
    return any(name == who and target.startswith(what) for who, what in LAZY_EXCEPTIONS)


def crossed_actors(rows: list[Import]) -> list[str]:
    return [
        f"{name} imports {target}"
        for name, level, target in rows
        if level and actor_of(name) and actor_of(target) and actor_of(name) != actor_of(target)
    ]


def test_every_layer_has_modules() -> None:
    """The test reads the package that it means to read."""
    assert {name.split(".")[0] for name in modules()} >= set(LAYERS)


def test_nobody_imports_upwards() -> None:
    """Simulations → runtime → actors → wire; the root is above all."""
    assert broken_arrows(all_imports()) == []


def test_no_actor_imports_another() -> None:
    """Only messages and the kernel: an actor can be read, tested and restarted alone."""
    assert crossed_actors(all_imports()) == []


def test_everything_inside_is_imported_relatively() -> None:
    """The checkout is the package, whatever its folder is called."""
    absolute = [(name, target) for name, level, target in all_imports() if not level]
    own = [f"{name} imports {target}" for name, target in absolute if "redis_streams" in target]
    assert own == []


def test_redis_py_has_few_doors() -> None:
    """Its private names stay where a test compares them with the installed version."""
    users = {name for name, level, target in all_imports() if not level and target.split(".")[0] in REDIS_PY}
    assert users <= MAY_IMPORT_REDIS_PY


def test_pure_modules_have_no_clock_and_no_scheduler() -> None:
    """Time, chance and I/O are arguments there."""
    impure = [
        f"{name} imports {target}"
        for name, level, target in all_imports()
        if name in PURE and not level and target.split(".")[0] in IMPURE
    ]
    assert impure == []


def test_pure_modules_exist() -> None:
    """A module that was renamed does not leave the list in silence."""
    assert set(PURE) <= set(modules())


@pytest.mark.parametrize(
    ("name", "target", "broken"),
    [
        ("wire._client", "actors.Stage", True),
        ("actors.tree", "runtime.Runtime", True),
        ("runtime._runtime", "simulations.server", True),
        ("wire._dial", "simulations.server.connect", False),
        ("simulations.demo", "wire.Client", False),
    ],
)
def test_the_checker_sees_a_broken_arrow(name: str, target: str, *, broken: bool) -> None:
    """A checker that never failed proves nothing."""
    assert bool(broken_arrows([(name, 2, target)])) is broken


@pytest.mark.parametrize(
    ("name", "target", "crossed"),
    [
        ("actors._consumer", "actors._reclaimer.run", True),
        ("actors._consumer_hold", "actors._group.run", True),
        ("actors._consumer", "actors._consumer_hold.Hold", False),
        ("actors._consumer", "actors._messages.Ticket", False),
        ("actors.tree", "actors._consumer.run", False),
    ],
)
def test_the_checker_sees_crossed_actors(name: str, target: str, *, crossed: bool) -> None:
    """A checker that never failed proves nothing."""
    assert bool(crossed_actors([(name, 1, target)])) is crossed


def test_relative_names_are_resolved() -> None:
    """From a module, from a package's `__init__`, from the root."""
    assert list(imports("wire._client", ast.parse("from ..actors import x"))) == [(2, "actors.x")]
    assert list(imports("wire", ast.parse("from ._client import x"))) == [(1, "wire._client.x")]
    assert list(imports("wire._client", ast.parse("from . import _ids"))) == [(1, "wire._ids")]
    assert list(imports("__init__", ast.parse("from .runtime import x"))) == [(1, "runtime.x")]
