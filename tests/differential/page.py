"""The page of what was seen: each option, answer and error of the commands on streams, how often in which version."""

from __future__ import annotations

from collections.abc import Mapping

from differential.inventory import Item
from differential.trial import ITEMS, Coverage

HEAD = """# Coverage of the differential

Made by `make differential ARGS="--table docs/simulated-redis-coverage.md"`: every option, kind of answer and error text
of the commands on streams, and how often a real server and the simulated one of a version gave it alike. Words of the
command that stand in an error are shown as `*`; `.` is what the version has not got, `MISSING` what was not seen, and
then the run fails. The list of what there is stands in `tests/differential/inventory.txt`. 7.2 is Valkey 8.1, but for
reads of the last entry (`+`), which Redis 7.2 has not got.

"""


def page(covered: Mapping[str, Coverage]) -> str:
    """The page.

    Args:
        covered: what was seen, by profile.
    """
    total = ", ".join(f"{coverage.commands:,} with {profile}" for profile, coverage in covered.items())
    lines = [HEAD, f"Commands: {total}.\n"]
    command = ""
    for item in ITEMS:
        if item.command != command:
            command = item.command
            lines += [f"\n## {command}\n", f"| | {' | '.join(covered)} |", "|---|" + "--:|" * len(covered)]
        cells = [_cell(item, profile, coverage) for profile, coverage in covered.items()]
        lines.append(f"| {item.what.replace('|', chr(92) + '|')} | {' | '.join(cells)} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _cell(item: Item, profile: str, coverage: Coverage) -> str:
    major, minor = profile.split(".")
    if not item.is_of((int(major), int(minor))):
        return "."
    return str(coverage.seen[item.command, item.what] or "MISSING")
