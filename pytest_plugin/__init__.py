"""The pytest plugin of redis-streams-trio: options and the `world` fixture for simulated tests.

pytest loads this in every run of an environment in which the library is installed. So it stands beside `redis_streams`,
not in it, and imports nothing of it before a test wants it.
"""

from ._plugin import pytest_addoption, pytest_collection_modifyitems, world

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "world"]
