"""Bugs in what a consumer holds: how much, for how long, and whose it is."""

from __future__ import annotations

from typing import Final

from ..plan import HANDLER, Domain, Fault, PauseProcess, Site
from ._bug import PlantedBug
from ._edit import Edit, Scale

_ACQUIRE: Final = "actors._consumer_acquire"
_LEASE: Final = "actors._consumer_lease"
_TAKEN_WHILE_FAILING: Final = Domain(
    workers=(2, 2),
    consumers=(1, 1),
    events=(6, 14),
    slow=0.9,
    slow_ms_max=1500.0,
    fails=0.8,
    fails_max=4,
    kinds=frozenset(),
    often=[
        Fault(Site(host, HANDLER, turn), PauseProcess(4000.0))
        for host in ("worker-1", "worker-2")
        for turn in (1, 3, 5)
    ],
)
"""Handlers that fail stand still for longer than the idle limit, and somebody else has their events by then."""

HOLDING: Final = (
    PlantedBug(
        "demand ignored",
        "a read asks for a hundred entries, whatever there is room for",
        "bounded-memory",
        ("single", "many"),
        [Edit(f"{_ACQUIRE}:_read_once", "settings.count, hold.free)", "settings.count, 100)")],
    ),
    PlantedBug(
        "claims without room",
        "all that was offered is claimed, whatever there is room for",
        "bounded-memory",
        ("full-hands",),
        [Edit(f"{_ACQUIRE}:_claim", "[: desk.hold.free]", "")],
    ),
    PlantedBug(
        "prefetch without a limit",
        "the window grows with what handlers do, beyond what the user allows",
        "bounded-memory",
        ("single", "many"),
        [
            Edit(
                "actors._consumer_window:Window.look",
                "int(min(max(worth_holding, self.least), self.most))",
                "int(max(worth_holding, self.least))",
            ),
            Edit(
                "actors._consumer_desk:Desk.set_places", "min(places + len(self.unburied), self.window.most)", "places"
            ),
        ],
        (Scale("actors._consumer_window", "HOLD_SECONDS", 20),),
    ),
    PlantedBug(
        "reserved places not given back",
        "the places of a read that broke stay reserved: the consumer starves",
        "liveness",
        ("single",),
        [
            Edit(f"{_ACQUIRE}:_read_once", "hold.reserve(-count)", "pass"),
            Edit(f"{_ACQUIRE}:_read_once", "desk.admit(entries, ", "hold.reserve(-count)\n    desk.admit(entries, "),
        ],
    ),
    PlantedBug(
        "nobody woken when places are free",
        "who waits for room is not told that there is some",
        "liveness",
        ("single",),
        [Edit("actors._consumer_desk:Desk.release", "self.room_made.ring()", "pass")],
    ),
    PlantedBug(
        "leases not renewed",
        "what runs for longer than the idle limit is taken over while it runs",
        "bounded-duplicates",
        ("long-handlers",),
        [Edit(f"{_LEASE}:keep_leases", "renewed = await _renew_all(desk)", "renewed = True")],
    ),
    PlantedBug(
        "prefetch not renewed",
        "the lease begins with the handler: what waits for one is taken over, and handled twice",
        "bounded-duplicates",
        ("long-handlers",),
        [
            Edit(
                f"{_LEASE}:_renew_all",
                "held = desk.hold.renewable()",
                "waits = {job[0].raw_id for job in desk.hold._waiting}\n"
                "    held = [raw_id for raw_id in desk.hold.renewable() if raw_id not in waits]",
            )
        ],
    ),
    PlantedBug(
        "lease not looked at",
        "after a pause workers begin what others have taken over",
        "fenced",
        ("pauses",),
        [Edit("actors._consumer_work:_take_one_by_one", "if desk.lease_is_over():", "if False:")],
    ),
    PlantedBug(
        "what a read brings taken for fresh",
        "a reply that lay there while the process stood still is begun, though others have taken over what it brought",
        "fenced",
        ("still-readers",),
        [
            Edit("actors._consumer_desk:Desk.admit", "self.idle_from = min(self.idle_from, asked_at)", "pass"),
            Edit(
                "actors._consumer_desk:Desk.admit",
                "self.lease_until = min(self.lease_until, asked_at + self.settings.lease_ms / 1000)",
                "pass",
            ),
        ],
    ),
    PlantedBug(
        "lost entries not forgotten",
        "a consumer that hears that it has lost entries begins them all the same",
        "fenced",
        ("pauses",),
        [Edit("actors._consumer_desk:Desk.lose", "self.hold.lose(raw_ids)", "pass")],
    ),
    PlantedBug(
        "lost lease not told to its handler",
        "a consumer that hears that it has lost an entry lets the handler that is at it go on",
        "fenced",
        ("pauses",),
        [Edit("actors._consumer_desk:Desk.lose", "seat.tell(raw_ids)", "pass")],
    ),
    PlantedBug(
        "nobody woken when leases are renewed",
        "after a pause workers wait for ever",
        "liveness",
        ("pauses",),
        [Edit(f"{_LEASE}:keep_leases", "desk.lease_renewed.ring()", "pass")],
    ),
    PlantedBug(
        "renewal takes what is not ours",
        "who lost an entry has it back by renewing it",
        "fenced",
        ("pauses",),
        [Edit("renew.lua", "if #row == 1 then mine", "if true then mine")],
    ),
    PlantedBug(
        "who lost an entry delays it",
        "what failed gets a time of its own, and the consumer that it failed at, whoever has it by now",
        "fenced",
        ("retries",),
        [Edit("delay.lua", "id, id, 1, consumer) == 1", "id, id, 1) == 1")],
        plans=_TAKEN_WHILE_FAILING,
    ),
    PlantedBug(
        "claim without an idle time",
        "an offer is taken up although somebody else did so before",
        "bounded-duplicates",
        ("pauses",),
        [
            Edit("claim.lua", "if #row == 1 and row[1][3] >= idle and not waits(id) then", "if #row == 1 then"),
            Edit("claim.lua", "consumer, idle, id, 'RETRYCOUNT'", "consumer, 0, id, 'RETRYCOUNT'"),
        ],
    ),
    PlantedBug(
        "reclaim begins at the start each time",
        "the cursor is forgotten after each page: the tail of a long pending list is never reached",
        "liveness",
        ("backlog",),
        [Edit("actors._reclaimer:_look", "if page.next is None:", "if True:")],
        (Scale("actors._reclaimer", "PAGE", 2), Scale("simulations.scenarios._basic", "MAX_DELIVERIES", None)),
    ),
    PlantedBug(
        "deleted entries left pending",
        "what was trimmed while it was pending is told, and stays in the pending list",
        "liveness",
        ("trimming",),
        [Edit(f"{_ACQUIRE}:_acknowledge", "if raw_ids:", "if False:")],
    ),
)
