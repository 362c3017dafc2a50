"""Dead letters that Redis does not take: they are kept and said again, and nothing else waits for them.

It may be trouble that passes: then they are said again as all is that meets weather. Or Redis refuses them for good,
since this user may not write there or the key holds something else: that is told once for each event, and looked at
again after a while, when somebody may have put it right. Meanwhile their entries stay pending under our name, held as
what is not finished: their leases are renewed, they can be lost, and a stop hands them back.

Up to half of the prefetch is kept so, beside the places for what handlers work on. Letters beyond that are given up:
their entries are let go, and come again after a while, to whoever has room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import trio
from attrs import define, field

from ..wire import RedisError, is_weather
from ._consumer_desk import Desk, Verdicts
from ._entry_events import DeadLettersRefused
from ._messages import DeadLetter
from ._weather import Weather

REFUSED_SECONDS = 60.0
"""Until a letter is said again that was refused for good: soon enough for a person who has just put it right."""

LAST_SECONDS = 3.0
"""How long a stop tries to get rid of letters that met weather: within the time that is left for handing back."""


@define(eq=False)
class Refusals:
    """When the letters of a desk are said again that Redis refused."""

    desk: Desk
    weather: Weather = field(init=False)
    due_at: float = field(default=math.inf, init=False)
    _until: float = field(default=math.inf, init=False)
    """When a stop gives them up; infinite before it."""
    _told: set[bytes] = field(factory=set[bytes], init=False)

    def __attrs_post_init__(self) -> None:
        desk = self.desk
        doing = f"moving to the dead letters of {desk.settings.stream}"
        self.weather = Weather(desk.stage, doing, retry=desk.settings.retry, rng=desk.wiring.rng)

    def say_due(self) -> None:
        """Have those that are due said again; all of them, once more at least, when no more verdicts will come."""
        desk = self.desk
        if not desk.unburied:
            return
        now = trio.current_time()
        if desk.judged_all and self._until == math.inf:
            self._until, self.due_at = now + LAST_SECONDS, now
        if now < self.due_at:
            return
        for raw_id in desk.unburied:
            desk.hold.finish(raw_id)
        desk.verdicts.dead.extend(desk.unburied.values())
        desk.unburied.clear()
        self.due_at = math.inf

    async def wait(self) -> None:
        """Wait for verdicts, or until letters are due."""
        if not self.desk.unburied:
            await self.desk.verdict_made.wait()
            return
        with trio.move_on_at(min(self.due_at, self._until)):
            await self.desk.verdict_made.wait()

    def is_over(self) -> bool:
        """Whether nothing is left that a stop should wait for."""
        return not self.desk.unburied or trio.current_time() >= self._until

    def hear(self, taken: Verdicts, refused: Mapping[bytes, RedisError]) -> None:
        """Keep the letters of these verdicts that were refused."""
        if not taken.dead:
            return
        for letter in taken.dead:
            # Of what was lost meanwhile there is nothing to say.
            if letter.raw_id in refused and self.desk.hold.is_finished(letter.raw_id):
                self._keep(letter)
        passing = [error for error in refused.values() if is_weather(error)]
        lasting = {raw_id: error for raw_id, error in refused.items() if not is_weather(error)}
        if passing:
            self._say_again_in(self.weather.note(passing[0]))
        else:
            self.weather.clear()
        if lasting:
            self._say_again_in(REFUSED_SECONDS)
        self._tell(lasting)
        if self.desk.judged_all and not passing:
            self._until = trio.current_time()  # It was said for the last time.
        self.desk.set_places()

    def _keep(self, letter: DeadLetter) -> None:
        desk = self.desk
        if len(desk.unburied) < desk.settings.prefetch // 2:
            desk.hold.unfinish_counted(letter.raw_id)
            desk.unburied[letter.raw_id] = letter
        elif desk.settings.rules.delays:
            desk.hold.let_go(letter.raw_id)
            desk.verdicts.later[letter.raw_id] = round(REFUSED_SECONDS * 1000)
        else:
            desk.release([letter.raw_id])

    def _say_again_in(self, seconds: float) -> None:
        # One moment for all of them: saying a letter once more than needed costs nothing.
        self.due_at = min(self.due_at, trio.current_time() + seconds)

    def _tell(self, lasting: Mapping[bytes, RedisError]) -> None:
        """Say once of each event why its letter is not written."""
        untold = tuple(raw_id for raw_id in lasting if raw_id not in self._told)
        self._told.update(lasting)
        self._told.intersection_update(self.desk.unburied)
        if untold:
            settings, path = self.desk.settings, self.desk.stage.path
            self.desk.stage.emit(DeadLettersRefused(path, settings.stream, settings.group, untold, lasting[untold[0]]))
