"""What scripts and functions take, as INFO tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .._engine import Engine

STATE_BYTES: Final = 33_792
"""Of a state of Lua in which nothing has run."""
SCRIPT_BYTES: Final = 224
"""Of what is known of a script beside its source."""
FUNCTIONS_BYTES: Final = 200
"""Of the tables of functions when they are empty."""


def told_of_memory(engine: Engine) -> Iterator[tuple[str, int]]:
    """The fields of INFO memory, with numbers."""
    scripts, libraries = engine.scripts, engine.functions.libraries.values()
    state = STATE_BYTES + engine.runner.memory_bytes
    cached = scripts.source_bytes + len(scripts) * SCRIPT_BYTES
    yield "used_memory_lua", state
    if not engine.profile.since(7, 0):
        yield "used_memory_scripts", cached
        yield "number_of_cached_scripts", len(scripts)
        return
    functions = FUNCTIONS_BYTES + sum(len(library.code) + SCRIPT_BYTES for library in libraries)
    yield "used_memory_vm_eval", state
    yield "used_memory_scripts_eval", cached
    yield "number_of_cached_scripts", len(scripts)
    yield "number_of_functions", sum(len(library.functions) for library in libraries)
    yield "number_of_libraries", len(libraries)
    yield "used_memory_vm_functions", STATE_BYTES
    yield "used_memory_vm_total", state + STATE_BYTES
    yield "used_memory_functions", functions
    yield "used_memory_scripts", cached + functions
