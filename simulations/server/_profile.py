"""Which version of Redis a simulated server behaves like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

Version = tuple[int, int, int]

VERSIONS: Final[Mapping[str, Version]] = {
    "5.0": (5, 0, 6),
    "6.0": (6, 0, 16),
    "6.2": (6, 2, 14),
    "7.0": (7, 0, 15),
    "7.2": (7, 2, 7),
    "7.4": (7, 4, 5),
    "8.0": (8, 0, 6),
    "8.2": (8, 2, 7),
    "8.4": (8, 4, 4),
    "8.6": (8, 6, 3),
}
"""The profiles, each with the exact version that it was compared with, or that its source was read of."""


@frozen
class Profile:
    """A version to behave like.

    Attributes:
        name: as in "7.0".
        version: what INFO says.
    """

    name: str
    version: Version

    @classmethod
    def of(cls, name: str) -> Profile:
        """The profile of this name.

        Raises:
            ValueError: there is none.
        """
        version = VERSIONS.get(name)
        if version is None:
            raise ValueError(f"there is no profile {name!r}; there are {', '.join(VERSIONS)}")
        return cls(name, version)

    def since(self, major: int, minor: int) -> bool:
        """Whether this is that version or a later one."""
        return self.version >= (major, minor, 0)
