"""The demo on a terminal: the acts above, the actors on the left, the numbers on the right, the story below."""

from __future__ import annotations

from attrs import frozen
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ...actors import ConsumerStatus, GroupStatus, Snapshot, State
from ._stage import Stage

COLOURS = {
    State.RUNNING: "green",
    State.BACKING_OFF: "yellow",
    State.FAILED: "red",
    State.STOPPING: "cyan",
    State.STARTING: "cyan",
}
STORY_LINES = 14
BAR_CELLS = 30


@frozen
class Screen:
    """What rich draws, again and again; it asks nobody and waits for nothing."""

    stage: Stage

    def __rich__(self) -> Layout:
        """The whole screen as it is now."""
        layout = Layout()
        layout.split_column(
            Layout(Panel(self._acts(), title="redis-streams demo"), size=3),
            Layout(name="middle", ratio=3),
            Layout(Panel(self._story(), title="what happened"), size=STORY_LINES + 2),
        )
        layout["middle"].split_row(
            Layout(Panel(self._actors(), title="actors"), ratio=3),
            Layout(Panel(self._numbers(), title="events"), ratio=2),
        )
        return layout

    def _acts(self) -> Text:
        parts = [
            (
                f" {index + 1} {act} ",
                "bold reverse" if index == self.stage.act else "dim" if index > self.stage.act else "green",
            )
            for index, act in enumerate(self.stage.act_names)
        ]
        return Text("→", style="dim").join(Text(text, style=style) for text, style in parts)

    def _actors(self) -> RenderableType:
        snapshot = self.stage.runtime.snapshot()
        if snapshot is None:
            return Text("starting")
        tree = Tree(_label(snapshot), guide_style="dim")
        _add(tree, snapshot)
        return tree

    def _numbers(self) -> RenderableType:
        stage = self.stage
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        table.add_column()
        rows = (
            ("published", len(stage.published)),
            ("handled", len(stage.runs)),
            ("pending", stage.pending),
            ("unread", stage.lag or 0),
        )
        most = max(1, *(count for _, count in rows))
        for name, count in rows:
            table.add_row(name, Text(f"{count:>6} ") + Text("█" * round(BAR_CELLS * count / most), style="blue"))
        again = sum(int(count) > 1 for count in stage.runs.values())
        table.add_row("twice", f"{again:>6}")
        return Group(table, Text("\nhandled: noted by the handlers themselves, in Redis", style="dim"))

    def _story(self) -> Text:
        shown = list(self.stage.story.lines)[-STORY_LINES:]
        return Text("\n", no_wrap=True, overflow="ellipsis").join(Text(line, style=style) for line, style in shown)


def _add(tree: Tree, snapshot: Snapshot) -> None:
    for child in snapshot.children:
        _add(tree.add(_label(child)), child)


def _label(snapshot: Snapshot) -> Text:
    label = Text(snapshot.name) + Text(f"  {snapshot.state.value}", style=COLOURS.get(snapshot.state, "dim"))
    if snapshot.restarts:
        label += Text(f"  restarts {snapshot.restarts}", style="bold yellow")
    match snapshot.status:
        case ConsumerStatus(held=held, handled=handled):
            label += Text(f"  holds {held}, handled {handled}", style="dim")
        case GroupStatus(pending=pending):
            label += Text(f"  pending {pending}", style="dim")
        case _:
            pass
    return label
