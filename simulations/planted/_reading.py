"""Bugs in readers without a group."""

from __future__ import annotations

from typing import Final

from ..plan import At, DeleteStream, Domain, Fault, Partition, Site, StartTwin
from ._bug import PlantedBug
from ._edit import Edit

_READER: Final = "actors._reader"
_MADE_ANEW: Final = Domain(
    workers=(1, 1),
    events=(1, 4),
    slow=0.3,
    slow_ms_max=600.0,
    kinds=frozenset(),
    often=[
        Fault(Site("worker-1", "XREAD"), Partition(8000.0)),
        Fault(At(400.0, "worker-1"), DeleteStream()),
        Fault(Site("worker-1", "reader_begin"), StartTwin(100.0)),
    ]
    * 2,
    span_ms=4000.0,
)
"""The stream is made anew while one of two processes of a name sees nothing, and the other one notes where it is."""

READING: Final = (
    PlantedBug(
        "checkpoint before the handler ended",
        "a reader's position passes an event whose handler has begun, so who is killed in it never sees it again",
        "fan-out",
        ("fan-out",),
        [
            Edit(
                f"{_READER}:_handle",
                "        tries = desk.place.count_try(entry)\n",
                "        tries = desk.place.count_try(entry)\n"
                "        desk.place.position, desk.place.passed = entry.id, desk.place.passed + 1\n",
            )
        ],
    ),
    PlantedBug(
        "a checkpoint that may go back",
        "of two processes with one name the slower one takes back what the faster one has noted",
        "fan-out",
        ("fan-out",),
        [Edit("reader_mark.lua", "if of == history and key_of(at) > key_of(id) then return stored end", "")],
    ),
    PlantedBug(
        "a mark in a former stream stands",
        "what another process of the name noted before the stream was made anew is taken for a place in the new one",
        "liveness",
        ("fan-out",),
        [Edit("actors._reader_desk:_write", "if is_of_a_former:", "if False:")],
        plans=_MADE_ANEW,
    ),
    PlantedBug(
        "a new stream behind the place",
        "nobody looks whether the stream is still the same, and a read beyond its end waits for ever",
        "fan-out",
        ("fan-out",),
        [Edit("actors._reader_place:Place.look", "why = what_is_wrong(", 'why = "" and what_is_wrong(')],
    ),
    PlantedBug(
        "a beginning that is not noted",
        "a reader that begins at the end and is killed before it has handled anything begins at the end again",
        "fan-out",
        ("fan-out",),
        [Edit("reader_begin.lua", "if name ~= '' then redis.call('HSET', readers, name, mark) end", "")],
    ),
    PlantedBug(
        "passed over after a failure",
        "an event whose handler has failed is not tried again, and goes nowhere",
        "fan-out",
        ("fan-out",),
        [Edit(f"{_READER}:_wait_to_try_again", "return not desk.stage.draining", "desk.place.pass_by(entry)")],
    ),
)
