"""GEOSEARCH and its relatives: who is near, told or stored in another sorted set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from attrs import define, frozen

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._changes import overwrite
from ._geo import distance_text, meters_of, place_of, place_reply
from ._geo_shape import Box, Circle, Shape, cells
from ._geohash import Place, place_at
from ._numbers import double
from ._partial_sort import partial_sort
from ._sorted_set import SortedSet

NO_MEMBER: Final = "ERR could not decode requested zset member"
NOWHERE: Final = Place(0.0, 0.0)


@frozen
class Found:
    """A member that is near: its score, its place, and how far that is from the center, in meters."""

    member: bytes
    score: float
    place: Place
    meters: float


@define
class SearchOptions:
    """What a search was told beside where.

    Attributes:
        center: of GEOSEARCH, where from; None: nobody said so yet.
        radius, box: what is looked into, in units; None: nobody said so yet.
        by_member: whether FROMMEMBER said where from; None: nothing did.
        unit: how many meters the unit of all distances has.
        tells: which of WITHDIST, WITHHASH and WITHCOORD were said.
        order: b"ASC" or b"DESC", or none.
        count: COUNT; 0: all.
        any_will_do: ANY.
        store: where to; None: the client is told.
        stores_distance: whether distances become the scores.
    """

    center: Place | None = None
    by_member: bool | None = None
    radius: float | None = None
    box: tuple[float, float] | None = None
    unit: float = 1.0
    tells: frozenset[bytes] = frozenset()
    order: bytes = b""
    count: int = 0
    any_will_do: bool = False
    store: bytes | None = None
    stores_distance: bool = False


def georadius(call: Call) -> Reply:
    """GEORADIUS[_RO] key longitude latitude radius unit [option ...]."""
    held = call.database.get_as(SortedSet, call.words[1])
    if held is None and not call.profile.since(6, 2):
        return []
    options = SearchOptions(center=place_of(*call.words[2:4]))
    _take_radius(call, options, call.words[4:6])
    return _search(call, held, options, call.words[6:])


def georadiusbymember(call: Call) -> Reply:
    """GEORADIUSBYMEMBER[_RO] key member radius unit [option ...]."""
    held = call.database.get_as(SortedSet, call.words[1])
    options = SearchOptions()
    if held is not None:
        options.center = _place_of_member(call, held, call.words[2])
        _take_radius(call, options, call.words[3:5])
    elif not call.profile.since(6, 2):
        return []
    return _search(call, held, options, call.words[5:])


def geosearch(call: Call) -> Reply:
    """GEOSEARCH key FROMMEMBER member|FROMLONLAT longitude latitude BYRADIUS radius unit|BYBOX width height unit ..."""
    held = call.database.get_as(SortedSet, call.words[1])
    return _search(call, held, SearchOptions(), call.words[2:])


def geosearchstore(call: Call) -> Reply:
    """GEOSEARCHSTORE destination source ... [STOREDIST]."""
    held = call.database.get_as(SortedSet, call.words[2])
    return _search(call, held, SearchOptions(store=call.words[1]), call.words[3:])


def _name(call: Call) -> str:
    return call.words[0].decode("latin-1").lower()


def _search(call: Call, held: SortedSet | None, options: SearchOptions, words: Sequence[bytes]) -> Reply:
    position = 0
    while position < len(words):
        position += _take(call, held, options, words[position:])
    _check(call, options)
    shape = _shape(options)
    if held is None or shape is None:
        if options.store is None:
            return []
        overwrite(call, options.store, None, "z", "")
        return 0
    if options.count and not options.order and not options.any_will_do:
        options.order = b"ASC"
    found = _cut(call, _near(call, held, shape, options.count if options.any_will_do else 0), options)
    if options.store is None:
        return [_reply(call, options, each) for each in found]
    event = "geosearchstore" if _name(call) == "geosearchstore" else "georadiusstore"
    rows = [(each.member, each.meters / options.unit if options.stores_distance else each.score) for each in found]
    overwrite(call, options.store, SortedSet.of(rows, call.engine.limits) if rows else None, "z", event)
    return len(found)


def _near(call: Call, held: SortedSet, shape: Shape, enough: int) -> list[Found]:
    found: list[Found] = []
    for cell in cells(shape, knows_boxes=call.profile.since(6, 2)):
        low, high = cell.scores()
        for score, member in held.between(held.first_at(low, behind=False), held.first_at(high, behind=False)):
            place = place_at(score, call.profile)
            meters = shape.distance(place)
            if meters is not None:
                found.append(Found(member, score, place, meters))
                if len(found) == enough:
                    return found
    return found


def _cut(call: Call, found: list[Found], options: SearchOptions) -> list[Found]:
    """As many as are asked for, in their order."""
    count = min(options.count or len(found), len(found))
    if options.order:
        sign = 1 if options.order == b"ASC" else -1
        if count == len(found) or not call.profile.since(6, 2):
            found.sort(key=lambda each: each.meters, reverse=sign < 0)
        else:
            partial_sort(
                found,
                lambda one, other: sign * ((one.meters > other.meters) - (one.meters < other.meters)),
                0,
                count - 1,
            )
    return found[:count]


def _reply(call: Call, options: SearchOptions, each: Found) -> Reply:
    told: list[Reply] = [each.member]
    if b"WITHDIST" in options.tells:
        told.append(distance_text(each.meters / options.unit, call.profile))
    if b"WITHHASH" in options.tells:
        told.append(int(each.score))
    if b"WITHCOORD" in options.tells:
        told.append([*place_reply(each.place, call.profile)])
    return told if options.tells else each.member


def _take(call: Call, held: SortedSet | None, options: SearchOptions, words: Sequence[bytes]) -> int:
    """One option; returns how many words it has."""
    word, left = words[0].upper(), len(words) - 1
    modern = call.profile.since(6, 2)
    if word in (b"WITHDIST", b"WITHHASH", b"WITHCOORD"):
        options.tells |= {word}
    elif word in (b"ASC", b"DESC"):
        options.order = word
    elif word == b"ANY" and modern:
        options.any_will_do = True
    elif word == b"COUNT" and left >= 1:
        options.count = integer(words[1])
        if options.count <= 0:
            raise CommandError("ERR COUNT must be > 0")
        return 2
    elif _name(call) in ("georadius", "georadiusbymember") and word in (b"STORE", b"STOREDIST") and left >= 1:
        options.store, options.stores_distance = words[1], word == b"STOREDIST"
        return 2
    elif _name(call) == "geosearchstore" and word == b"STOREDIST":
        options.stores_distance = True
    elif _name(call).startswith("geosearch"):
        return _take_where(call, held, options, words)
    else:
        raise syntax_error()
    return 1


def _take_where(call: Call, held: SortedSet | None, options: SearchOptions, words: Sequence[bytes]) -> int:
    word, left = words[0].upper(), len(words) - 1
    if word == b"FROMMEMBER" and left >= 1 and options.by_member is not False:
        options.by_member = True
        options.center = NOWHERE if held is None else _place_of_member(call, held, words[1])
        return 2
    if word == b"FROMLONLAT" and left >= 2 and not options.by_member:
        options.by_member = False
        options.center = place_of(*words[1:3])
        return 3
    if word == b"BYRADIUS" and left >= 2 and options.box is None:
        _take_radius(call, options, words[1:3])
        return 3
    if word == b"BYBOX" and left >= 3 and options.radius is None:
        _take_box(call, options, words[1:4])
        return 4
    raise syntax_error()


def _place_of_member(call: Call, held: SortedSet, member: bytes) -> Place:
    score = held.scores.get(member)
    if score is None:
        raise CommandError(NO_MEMBER)
    return place_at(score, call.profile)


def _take_radius(call: Call, options: SearchOptions, words: Sequence[bytes]) -> None:
    options.radius = double(words[0], "ERR need numeric radius")
    if options.radius < 0:
        raise CommandError("ERR radius cannot be negative")
    options.unit = meters_of(call, words[1])


def _take_box(call: Call, options: SearchOptions, words: Sequence[bytes]) -> None:
    options.box = double(words[0], "ERR need numeric width"), double(words[1], "ERR need numeric height")
    if min(options.box) < 0:
        raise CommandError("ERR height or width cannot be negative")
    options.unit = meters_of(call, words[2])


def _shape(options: SearchOptions) -> Shape | None:
    center, unit = options.center, options.unit
    if center is None:
        return None
    if options.box is not None:
        width, height = options.box
        reach = math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * unit
        return Box(center, width * unit, height * unit, reach)
    return None if options.radius is None else Circle(center, options.radius * unit)


def _check(call: Call, options: SearchOptions) -> None:
    """Refuse what does not go together.

    Raises:
        CommandError: it does not.
    """
    name = _name(call)
    shown = call.words[0].decode("utf-8", "surrogateescape")
    if options.store is not None and options.tells:
        modern = call.profile.since(7, 0)
        what = "GEOSEARCHSTORE" if modern and name == "geosearchstore" else "STORE option in GEORADIUS"
        last = "WITHCOORD" if modern else "WITHCOORDS"
        raise CommandError(f"ERR {what} is not compatible with WITHDIST, WITHHASH and {last} options")
    if name.startswith("geosearch"):
        if options.center is None:
            raise CommandError(f"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {shown}")
        if options.radius is None and options.box is None:
            raise CommandError(f"ERR exactly one of BYRADIUS and BYBOX can be specified for {shown}")
    if options.any_will_do and not options.count:
        raise CommandError("ERR the ANY argument requires COUNT argument")


_G: Final = "geo"
_ONE: Final = (1, 1, 1)

GEO_SEARCH_COMMANDS: Final[Sequence[Command]] = (
    Command("georadius", georadius, -6, "write denyoom movablekeys", _ONE, since=(3, 2), group=_G),
    Command("georadius_ro", georadius, -6, "readonly", _ONE, since=(3, 2), group=_G),
    Command("georadiusbymember", georadiusbymember, -5, "write denyoom movablekeys", _ONE, since=(3, 2), group=_G),
    Command("georadiusbymember_ro", georadiusbymember, -5, "readonly", _ONE, since=(3, 2), group=_G),
    Command("geosearch", geosearch, -7, "readonly", _ONE, since=(6, 2), group=_G),
    Command("geosearchstore", geosearchstore, -8, "write denyoom", (1, 2, 1), since=(6, 2), group=_G),
)
