"""The kinds of values beside streams, and the commands for keys of any kind."""

from collections.abc import Sequence
from typing import Final

from .._command import Command
from ._bitfield import BITFIELD_COMMANDS
from ._bits import BIT_COMMANDS
from ._counters import COUNTER_COMMANDS
from ._expiry import EXPIRY_COMMANDS
from ._geo import GEO_COMMANDS
from ._geo_search import GEO_SEARCH_COMMANDS
from ._hash_ex import HASH_EX_COMMANDS
from ._hash_expiry import HASH_EXPIRY_COMMANDS
from ._hashes import HASH_COMMANDS
from ._hashes_some import HASH_SOME_COMMANDS
from ._hyperloglogs import HYPERLOGLOG_COMMANDS
from ._keys import KEY_COMMANDS
from ._keys_elsewhere import KEYS_ELSEWHERE_COMMANDS
from ._lcs import LCS_COMMANDS
from ._lists import LIST_COMMANDS
from ._lists_pop import LIST_POP_COMMANDS
from ._object import OBJECT_COMMANDS
from ._sets import SET_COMMANDS
from ._sets_algebra import SET_ALGEBRA_COMMANDS
from ._sets_random import SET_RANDOM_COMMANDS
from ._sort import SORT_COMMANDS
from ._sorted_sets import SORTED_SET_COMMANDS
from ._sorted_sets_algebra import SORTED_SET_ALGEBRA_COMMANDS
from ._sorted_sets_pop import SORTED_SET_POP_COMMANDS
from ._sorted_sets_range import SORTED_SET_RANGE_COMMANDS
from ._strings import STRING_COMMANDS
from ._text_digest import DIGEST_COMMANDS

TYPE_COMMANDS: Final[Sequence[Command]] = (
    *KEY_COMMANDS,
    *KEYS_ELSEWHERE_COMMANDS,
    *EXPIRY_COMMANDS,
    *OBJECT_COMMANDS,
    *STRING_COMMANDS,
    *COUNTER_COMMANDS,
    *LCS_COMMANDS,
    *DIGEST_COMMANDS,
    *BIT_COMMANDS,
    *BITFIELD_COMMANDS,
    *HYPERLOGLOG_COMMANDS,
    *HASH_COMMANDS,
    *HASH_SOME_COMMANDS,
    *HASH_EXPIRY_COMMANDS,
    *HASH_EX_COMMANDS,
    *LIST_COMMANDS,
    *LIST_POP_COMMANDS,
    *SET_COMMANDS,
    *SET_RANDOM_COMMANDS,
    *SET_ALGEBRA_COMMANDS,
    *SORT_COMMANDS,
    *GEO_COMMANDS,
    *GEO_SEARCH_COMMANDS,
    *SORTED_SET_COMMANDS,
    *SORTED_SET_RANGE_COMMANDS,
    *SORTED_SET_POP_COMMANDS,
    *SORTED_SET_ALGEBRA_COMMANDS,
)

__all__ = ["TYPE_COMMANDS"]
