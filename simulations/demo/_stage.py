"""The demo's stage: where it plays, who stands on it, and the numbers that are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from attrs import define, field, frozen

from ...runtime import Runtime
from ...wire import RedisError
from ._fragile import FragileDial
from ._shop import GROUP, runs_key
from ._story import Story

if TYPE_CHECKING:
    from ..server import InProcessServer  # of an extra


@frozen
class Act:
    """Something that happens while orders come in.

    Attributes:
        name: in a few words, for the line of acts.
        text: what is told when it begins.
        perform: does it.
    """

    name: str
    text: str
    perform: Callable[[Stage], Awaitable[None]]


@frozen
class Ground:
    """What the demo plays on.

    Attributes:
        url: the address of its Redis.
        words: what it is, for the first line.
        acts: what can be shown on it, while orders come in.
        server: the simulated server, where it is one.
    """

    url: str
    words: str
    acts: Sequence[Act]
    server: InProcessServer | None = None


@define(eq=False)
class Stage:
    """Everything on the demo's stage.

    Attributes:
        stream: the stream of orders.
        seconds: how long orders come in.
        rate: orders per second.
        runtime, dial: those of the two consumers that stay to the end.
        worker_dial: that of a third one, where it lives in this process.
        kill_worker: ends the third one, wherever it lives.
    """

    ground: Ground
    stream: str
    seconds: float
    rate: float
    runtime: Runtime
    dial: FragileDial
    story: Story
    kill_worker: Callable[[], None] = field(default=lambda: None)
    published: dict[str, bool] = field(factory=dict)
    indeterminate: int = 0
    runs: Mapping[bytes, bytes] = field(factory=dict)
    pending: int = 0
    lag: int | None = None
    act: int = 0
    begun: bool = False
    """Whether the server was reached, so that there may be something to remove."""

    @property
    def act_names(self) -> Sequence[str]:
        """All acts, the last one too."""
        return [*(act.name for act in self.ground.acts), "the rest is settled"]

    def begin(self, act: int, text: str) -> None:
        """The next act."""
        self.act = act
        self.story.act(text)

    async def look(self) -> None:
        """Fetch the numbers, unless the server is away: the next look shows more."""
        try:
            client = self.runtime.client
            flat = cast("list[bytes]", await client.call("HGETALL", runs_key(self.stream)))
            self.runs = dict(zip(flat[::2], flat[1::2], strict=True))
            for group in await client.xinfo_groups(self.stream):
                if group.name == GROUP:
                    self.pending, self.lag = group.pending, group.lag
        except RedisError:
            return

    def is_settled(self) -> bool:
        """Whether nothing is left to be done, as far as was seen."""
        return self.pending == 0 and not self.lag and all(key.encode() in self.runs for key in self.published)
