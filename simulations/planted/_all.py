"""All planted bugs by their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ._bug import PlantedBug
from ._connecting import CONNECTING
from ._handling import HANDLING
from ._holding import HOLDING
from ._once import ONCE
from ._poisoning import POISONING
from ._reading import READING
from ._recovering import RECOVERING
from ._retaining import RETAINING
from ._scheduling import SCHEDULING
from ._stopping import STOPPING

_ALL: Final = (
    *HANDLING,
    *POISONING,
    *HOLDING,
    *RECOVERING,
    *STOPPING,
    *SCHEDULING,
    *RETAINING,
    *READING,
    *CONNECTING,
    *ONCE,
)

BUGS: Final[Mapping[str, PlantedBug]] = MappingProxyType({bug.name: bug for bug in _ALL})
"""Every planted bug by its name."""
