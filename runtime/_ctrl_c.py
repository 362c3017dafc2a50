"""Ctrl-C where it does no harm: between two events, not in the middle of one, nor in the middle of our own work.

Python raises KeyboardInterrupt at whatever instruction the main thread is at. In the last line of a handler that has
done its work, that would leave the event unacknowledged, to be handled a second time. So while a thread handles events
Ctrl-C is noted, and raised after the handler that is running; if that takes longer than `PATIENCE_SECONDS`, or when
Ctrl-C is pressed again, it is raised at once, as ever. It is never raised amid our own
work between two handlers, which takes next to no time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

from attrs import define, field
from typing_extensions import Self

PATIENCE_SECONDS: Final = 0.5
"""How long a handler may go on after Ctrl-C: short for a person, long for most handlers."""


@define(eq=False)
class CtrlC:
    """Notes Ctrl-C for as long as its block lasts, on the main thread, unless the program handles SIGINT itself.

    Attributes:
        wake: called when Ctrl-C was pressed, amid anything: it may only do what is safe in a signal handler.
        noted: whether Ctrl-C was pressed and has not been raised yet.
        in_handler: whether a handler runs, which it may interrupt.
    """

    wake: Callable[[], None]
    in_handler: bool = field(default=False, init=False)
    noted: bool = field(default=False, init=False)
    _installed: bool = field(default=False, init=False)
    _timer: threading.Timer | None = field(default=None, init=False)

    def raise_if_noted(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed: called where nothing is half done."""
        if self.noted:
            self._settle()
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        """From now on."""
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._on_signal)
            self._installed = True
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Until now."""
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False
        self._settle()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.noted:
            if self.in_handler:
                self._settle()
                self.in_handler = False  # Not twice: whoever catches it has verdicts to hand over.
                raise KeyboardInterrupt
            return
        self.noted = True
        self.wake()
        # Sent to this very thread, so that it ends a sleep or a read that the handler is in.
        again = (threading.get_ident(), signal.SIGINT)
        self._timer = threading.Timer(PATIENCE_SECONDS, signal.pthread_kill, again)
        self._timer.daemon = True
        self._timer.start()

    def _settle(self) -> None:
        self.noted = False
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
