"""Bugs in handling events and settling them: what is acknowledged, when, and by whom."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

_WORK: Final = "actors._consumer_work"

HANDLING: Final = (
    PlantedBug(
        "acknowledged before the handler",
        "an entry is settled first and handled then: who is killed in between loses it",
        "ack-implies-done",
        ("single", "many"),
        [
            Edit(
                f"{_WORK}:_take_one_by_one",
                "judge(desk, entry, deliveries, await handle(entry, deliveries, lease))",
                "judge(desk, entry, deliveries, DONE); await handle(entry, deliveries, lease)",
            )
        ],
    ),
    PlantedBug(
        "exception taken for success",
        "what a handler raises is swallowed, and its event counts as done",
        "ack-implies-done",
        ("poison", "single"),
        [
            Edit(
                "runtime._dispatch:one_by_one",
                "return failure_of(error, [lease])",
                "return DONE if isinstance(error, Exception) else failure_of(error, [lease])",
            )
        ],
    ),
    PlantedBug(
        "False in a batch taken for success",
        "a batch handler's answer for one event is not looked at",
        "ack-implies-done",
        ("batches",),
        [Edit("runtime._dispatch:_verdicts_of", "verdict_of(single) for", "DONE for")],
    ),
    PlantedBug(
        "swallowed Cancelled",
        "a handler that was cancelled at the end of the drain counts as done",
        "cancelled-never-acks",
        ("long-handlers", "graceful-stop"),
        [
            Edit(
                "runtime._dispatch:one_by_one",
                "except BaseException as error:  # noqa: BLE001 - this is where",
                "except trio.Cancelled:\n            return DONE\n        except BaseException as error:  # where",
            )
        ],
    ),
    PlantedBug(
        "undecodable acknowledged in silence",
        "what no codec reads is acknowledged, and no dead letter is written",
        "no-loss",
        ("undecodable",),
        [
            Edit(
                f"{_WORK}:_judge_trouble",
                "_bury(desk, entry, deliveries, verdict.reason)",
                "desk.hold.finish(entry.raw_id); desk.verdicts.done.append(entry.raw_id); desk.verdict_made.ring()",
            )
        ],
    ),
    PlantedBug(
        "dead letter not written",
        "the script acknowledges the entry and writes no dead letter",
        "ack-implies-done",
        ("undecodable",),
        [Edit("dead_letter.lua", "redis.call(unpack(words))", "ARGV[3]")],
    ),
    PlantedBug(
        "undecodable entry ends the consumer",
        "what no codec reads is raised, not judged",
        "crash",
        ("undecodable",),
        [Edit("runtime._dispatch:one_by_one", "return Undecodable(text_of(error))", "raise")],
    ),
    PlantedBug(
        "failed event kept for ever",
        "after a failure the entry is not let go: its lease is renewed, and nobody tries it again",
        "liveness",
        ("poison", "single"),
        [
            Edit(
                f"{_WORK}:_try_again",
                "if after_seconds == 0:",
                "if after_seconds is not None:\n        return\n    if after_seconds == 0:",
            )
        ],
    ),
    PlantedBug(
        "events known by their stream ids",
        "what has an id that was handled before counts as handled, though ids are given twice after a failover",
        "id-reuse",
        ("same-ids",),
        [
            Edit(f"{_WORK}:_take_one_by_one", "handled = 0", "handled, seen = 0, set()"),
            Edit(
                f"{_WORK}:_take_one_by_one",
                "judge(desk, entry, deliveries, await handle(entry, deliveries, lease))",
                "verdict = DONE if entry.raw_id in seen else await handle(entry, deliveries, lease); "
                "seen.update([entry.raw_id] if verdict is DONE else []); "
                "judge(desk, entry, deliveries, verdict)",
            ),
        ],
    ),
    PlantedBug(
        "event named by its stream id",
        "a handler gets the entry's id in place of the event's own",
        "unexpected",
        ("single",),
        [Edit("runtime._dispatch:Reader.event", "content.event_id", "entry.raw_id.decode()")],
    ),
    PlantedBug(
        "no fence when settling",
        "the script acknowledges whatever it is asked to, whoever owns it by now",
        "fenced",
        ("pauses",),
        [Edit("settle.lua", "if owned[id] or (", "if true or (")],
    ),
    PlantedBug(
        "checkpoint past a gap",
        "the watermark is the last acknowledged id, though entries before it are pending",
        "checkpoint-true",
        ("many", "long-handlers"),
        [Edit("settle.lua", "and before(summary[2])", "and (mine[#mine] or before(summary[2]))")],
    ),
    PlantedBug(
        "checkpoint at the end of the stream",
        "where nothing is pending the watermark is the stream's last id, read or not",
        "checkpoint-true",
        ("single", "many"),
        [
            Edit(
                "settle.lua",
                "or last_delivered()",
                "or redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1]",
            )
        ],
    ),
    PlantedBug(
        "one checkpoint for two groups",
        "its key does not name the group",
        "checkpoint-true",
        ("two-groups",),
        [Edit("actors._keys:checkpoint_key", ":checkpoint:{group}", ":checkpoint")],
    ),
    PlantedBug(
        "verdicts lost when the drain ends",
        "who stops does not wait until what was handled is settled",
        "clean-stop",
        ("graceful-stop", "rolling-restart"),
        [
            Edit(
                f"{_WORK}:settle_verdicts",
                "if not desk.verdicts:\n            if desk.judged_all and refusals.is_over():\n",
                "if desk.judged_all or not desk.verdicts:\n            if desk.judged_all:\n",
            )
        ],
    ),
    PlantedBug(
        "answers of a list shifted",
        "what can't be decoded takes the answer of the event behind it",
        "ack-implies-done",
        ("batches",),
        [
            Edit(
                "runtime._dispatch:in_batches",
                "verdicts.append(item)",
                "verdicts.append(item)\n                answers and answers.popleft()",
            )
        ],
    ),
)
