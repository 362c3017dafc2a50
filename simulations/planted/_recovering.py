"""Bugs in recovering: entries, groups, and whoever crashed."""

from __future__ import annotations

from typing import Final

from ..plan import At, Domain, FailOver, Fault
from ._bug import PlantedBug
from ._edit import Edit, Scale

_ACQUIRE: Final = "actors._consumer_acquire"
_DEMOTED: Final = Domain(
    workers=(1, 1),
    consumers=(1, 1),
    events=(3, 8),
    slow=0.3,
    slow_ms_max=1500.0,
    fails=0.2,
    kinds=frozenset(),
    often=[Fault(At(ms, "worker-1"), FailOver(0.0, 800.0, stays=True)) for ms in (1500.0, 3000.0, 4500.0)],
    span_ms=6000.0,
)
"""Whoever pauses and resumes the group meets a failover, and some process goes on asking the former primary."""

RECOVERING: Final = (
    PlantedBug(
        "no recovery after a restart",
        "what a former life had in hand stays pending, where nobody reclaims",
        "liveness",
        ("alone-again",),
        [
            Edit(
                "actors._consumer:consumer_actor",
                "Hold(window.places), window)",
                "Hold(window.places), window, suspect=False)",
            )
        ],
    ),
    PlantedBug(
        "no recovery after a broken read",
        "what a read delivered whose reply was lost stays pending, where nobody reclaims",
        "liveness",
        ("alone",),
        [Edit(f"{_ACQUIRE}:read_new", "desk.suspect = True", "pass")],
    ),
    PlantedBug(
        "former connection not closed",
        "a read that is late comes after the recovery has looked",
        "liveness",
        ("late-reads",),
        [Edit("wire._link:Link.kill_former", "while self._former:", "while False:")],
    ),
    PlantedBug(
        "a server that was demoted is not left",
        "what refuses all that writes is asked again and again, while the name leads elsewhere",
        "liveness",
        ("split-brain", "failover"),
        [
            Edit("wire._multiplexer:Multiplexer._hand_out", "if isinstance(reply, IS_NO_PRIMARY):", "if False:"),
            Edit("wire._client:Client.open", "self._link.meet(connection.run_id)", "pass"),
        ],
    ),
    PlantedBug(
        "recovery of one page only",
        "the rest of a long pending list is not looked at",
        "liveness",
        ("alone-again",),
        [Edit(f"{_ACQUIRE}:_look_at_all", "if page.next is None:", "if True:")],
        (Scale(_ACQUIRE, "PAGE", 2),),
    ),
    PlantedBug(
        "dead consumers removed with what they have",
        "what is pending under the name of a consumer that was not heard of is dropped with it",
        "no-loss",
        ("many", "single"),
        [Edit("reap.lua", "about['pending'] == 0 and ", "")],
    ),
    PlantedBug(
        "group made again at the end",
        "what was not delivered before the group was lost is skipped",
        "no-loss",
        ("group-lost",),
        [Edit("ensure_group.lua", "what, begin = 'recreated', mark", "what, begin = 'recreated', last")],
    ),
    PlantedBug(
        "group made again at the start",
        "everything is handled once more, however long ago it was settled",
        "checkpoint-true",
        ("group-lost",),
        [Edit("ensure_group.lua", "what, begin = 'recreated', mark", "what, begin = 'recreated', '0-0'")],
    ),
    PlantedBug(
        "a group is made again in silence",
        "whoever made it did not hear so, tries again, finds it, and tells nobody",
        "no-loss",
        ("group-lost",),
        [Edit("ensure_group.lua", "if maker == call then", "if false then")],
    ),
    PlantedBug(
        "a demoted server keeps the group paused",
        "what was paused there is not heard to go on, as that is said to the new primary",
        "liveness",
        ("operated",),
        [
            Edit(
                "actors._group:_look_whether_paused",
                'await keeper.client.call(b"XACK", settings.stream, settings.group, b"0-0")',
                "pass",
            )
        ],
        plans=_DEMOTED,
    ),
    PlantedBug(
        "a seek leaves the history",
        "a verdict on what was delivered before a seek is taken for one on what is delivered after it",
        "ack-implies-done",
        ("operated",),
        [Edit("seek.lua", "'history', name .. '.' .. string.format('%.0f', number),", "")],
    ),
    PlantedBug(
        "a seek only takes back the place",
        "what is in hand at a seek goes on as the same event, and is not handled anew",
        "ack-implies-done",
        ("operated",),
        [Edit("actors._consumer_history:go_on_in", "if to is not None:", "if False:")],
    ),
    PlantedBug(
        "group not made again",
        "it is created at the start and never again",
        "liveness",
        ("group-lost",),
        [
            Edit(
                "actors._group:_ensure",
                "memory = settings.memory\n",
                "memory = settings.memory\n    if keeper.seen.existed:\n        return\n",
            )
        ],
    ),
    PlantedBug(
        "NOGROUP ends the consumer",
        "a lost group is taken for a bug",
        "crash",
        ("group-lost", "stream-lost"),
        [Edit(f"{_ACQUIRE}:read_new", "await _have_group_healed(desk)", "raise")],
    ),
    PlantedBug(
        "supervisor does not restart",
        "who crashed stays away",
        "liveness",
        ("single",),
        [Edit("actors._policy:Policy.decide", "if not to_restart:", "if True:")],
    ),
    PlantedBug(
        "nobody restarted while others start",
        "the link crashes while the group waits for it, and both wait for ever",
        "liveness",
        ("rough-starts",),
        [
            Edit(
                "actors._supervisor:Supervisor._may_decide",
                "return self._strategy is Strategy.ONE_FOR_ONE or run",
                "return run",
            )
        ],
    ),
    PlantedBug(
        "an outage is a crash",
        "a lost connection crashes the actors that used it, until there were too many restarts",
        "crash",
        ("single", "many"),
        [Edit("actors._weather:Weather.note", "if not is_weather(error):", "if True:")],
    ),
    PlantedBug(
        "a seek takes back one too many",
        "what is pending at the place itself is taken back, and not delivered anew",
        "no-loss",
        ("operated",),
        [
            Edit("seek.lua", "key_of(row[1]) > after then", "key_of(row[1]) > after or row[1] == target then"),
            Edit("seek.lua", "until #ids == 0", "until #ids == 0 or ids[#ids] == target"),
        ],
    ),
    PlantedBug(
        "a checkpoint that stays",
        "the first watermark is kept, and a group that is made again repeats all that came after it",
        "checkpoint-true",
        ("many", "single"),
        [Edit("settle.lua", "if not stored or key_of(stored) < key_of(watermark) then", "if not stored then")],
    ),
)
