"""Each package's `__all__` is what its `__init__` re-exports: nothing forgotten, nothing private, nothing more."""

import ast
import importlib
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("", "wire", "actors", "runtime", "simulations", "simulations.real", "simulations.testing")


def init_of(package: str) -> Path:
    return ROOT.joinpath(*package.split("."), "__init__.py") if package else ROOT / "__init__.py"


def imported_names(tree: ast.Module) -> set[str]:
    """The public names that an `__init__` takes from the package's own modules, or says that it has."""
    lazy = [node for part in tree.body if is_for_type_checkers(part) for node in part.body]
    nodes = [node for node in lazy or tree.body if isinstance(node, ast.ImportFrom) and node.level]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def is_for_type_checkers(node: ast.stmt) -> TypeGuard[ast.If]:
    """Whether it is ``if TYPE_CHECKING:``, as in a package whose names are imported when they are asked for."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package or "redis_streams")
def test_all_is_what_the_init_re_exports(package: str) -> None:
    """Compared with the source, so that a name imported for internal use shows up too."""
    module = importlib.import_module(f"redis_streams.{package}" if package else "redis_streams")
    exported: list[str] = module.__all__
    names = set(exported) - {"__version__"}
    assert names == imported_names(ast.parse(init_of(package).read_text()))
    assert [name for name in names if name.startswith("_")] == []
    assert [name for name in exported if not hasattr(module, name)] == []
    assert len(exported) == len(set(exported))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package or "redis_streams")
def test_an_init_only_re_exports(package: str) -> None:
    """A docstring, imports, `__all__` and the version: code lives in modules with names."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    body = ast.parse(init_of(package).read_text()).body[1:]
    assert [
        ast.unparse(node) for node in body if not isinstance(node, allowed) and not is_for_type_checkers(node)
    ] == []


def test_every_package_is_listed_for_the_wheel() -> None:
    """Each folder of the layers with an `__init__` stands in pyproject.toml, or an installed wheel would lack it."""
    layers = ("wire", "actors", "runtime", "simulations")
    folders = [file.parent for layer in layers for file in (ROOT / layer).rglob("__init__.py")]
    text = (ROOT / "pyproject.toml").read_text()
    missing = [
        folder for folder in folders if f'"redis_streams.{".".join(folder.relative_to(ROOT).parts)}"' not in text
    ]
    assert missing == []
