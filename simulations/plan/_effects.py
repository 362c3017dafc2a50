"""What a fault does. Each says so in words, of which a failure's story is made.

Four families, by what they strike: the link that a command travels on, the server, the process of an application, or
a handler. In their words `{site}` is the command or handler that the fault is tied to, `{host}` whose it is, and `{it}`
the effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from attrs import field, frozen, validators

Strikes = Literal["link", "server", "process", "handler"]


@frozen
class Effect:
    """Something goes wrong.

    Attributes:
        kind: its name in JSON, in the counts of faults, and wherever kinds are chosen.
        strikes: what it is done to.
        words: what happens, as half a sentence; see the module.
    """

    kind: ClassVar[str]
    strikes: ClassVar[Strikes]
    words: ClassVar[str]

    def in_words(self, *, site: str, host: str) -> str:
        """What happens, as half a sentence."""
        return self.words.format(site=site, host=host, it=self)


def _ms(default: float, *, least: float = 0.0) -> float:
    return field(default=default, converter=float, validator=validators.ge(least))


# The link that a command travels on


@frozen
class LoseRequest(Effect):
    """The connection is reset; the server never sees the command."""

    kind: ClassVar[str] = "lose-request"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "the connection is reset before {site} reaches the server"


@frozen
class LoseReply(Effect):
    """The server runs the command, and nobody hears what came of it."""

    kind: ClassVar[str] = "lose-reply"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "the server runs {site}, and the connection is reset before the reply arrives"


@frozen
class CutReply(Effect):
    """The reply ends in its middle."""

    kind: ClassVar[str] = "cut-reply"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "of the reply to {site} only {it.after_bytes} bytes arrive, then the connection is reset"

    after_bytes: int = field(default=3, validator=validators.ge(0))


@frozen
class Blackhole(Effect):
    """The connection stays open and nothing passes any more: what a lost route or a half-open socket looks like."""

    kind: ClassVar[str] = "blackhole"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "from {site} on nothing passes on its connection ({it.direction}), which stays open"

    direction: Literal["requests", "replies", "both"] = field(
        default="both", validator=validators.in_(("requests", "replies", "both"))
    )


@frozen
class Delay(Effect):
    """The command is late; what follows on its connection waits behind it."""

    kind: ClassVar[str] = "delay"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "{site} takes {it.ms:g} ms longer to the server"

    ms: float = _ms(100.0)


@frozen
class Refuse(Effect):
    """New connections are refused for so long."""

    kind: ClassVar[str] = "refuse"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "connections of {host} are refused for {it.ms:g} ms"

    ms: float = _ms(500.0)


@frozen
class Partition(Effect):
    """Nothing passes between a host and the server; what was sent meanwhile arrives when it is over."""

    kind: ClassVar[str] = "partition"
    strikes: ClassVar[Strikes] = "link"
    words: ClassVar[str] = "{host} and the server can't reach each other for {it.ms:g} ms"

    ms: float = _ms(2000.0)


# The server


@frozen
class Answer(Effect):
    """The server refuses what writes, with this error, for so long."""

    kind: ClassVar[str] = "answer"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "for {it.ms:g} ms the server answers {it.error}"

    error: Literal["OOM", "READONLY", "MISCONF", "LOADING", "NOREPLICAS", "BUSY", "TRYAGAIN"] = field(
        default="OOM",
        validator=validators.in_(("OOM", "READONLY", "MISCONF", "LOADING", "NOREPLICAS", "BUSY", "TRYAGAIN")),
    )
    ms: float = _ms(500.0)


@frozen
class PauseServer(Effect):
    """All clients wait: it has one thread."""

    kind: ClassVar[str] = "pause-server"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server hangs for {it.ms:g} ms"

    ms: float = _ms(1000.0)


@frozen
class CrashServer(Effect):
    """SIGKILL. The page cache survives; it answers LOADING for a while when it is back."""

    kind: ClassVar[str] = "crash-server"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server is killed and comes back after {it.ms:g} ms"

    ms: float = _ms(500.0)
    loading_ms: float = _ms(100.0)


@frozen
class LosePower(Effect):
    """What was not synced to the disk is gone."""

    kind: ClassVar[str] = "lose-power"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server loses power and comes back after {it.ms:g} ms"

    ms: float = _ms(500.0)
    loading_ms: float = _ms(100.0)


@frozen
class RestartEmpty(Effect):
    """As on a new machine: everything is gone."""

    kind: ClassVar[str] = "restart-empty"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server is replaced by an empty one"


@frozen
class FailOver(Effect):
    """A replica takes over. For `split_ms` the old primary goes on serving who is connected.

    Then it is gone; or it `stays`, as a replica that keeps its connections and refuses what writes.
    """

    kind: ClassVar[str] = "fail-over"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "a replica that is {it.lag_ms:g} ms behind becomes the primary"

    lag_ms: float = _ms(0.0)
    split_ms: float = _ms(0.0)
    stays: bool = False


@frozen
class KillClients(Effect):
    """CLIENT KILL, or an output buffer that grew too large."""

    kind: ClassVar[str] = "kill-clients"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server closes all connections of {host}"


@frozen
class ForgetScripts(Effect):
    """SCRIPT FLUSH, as after a restart: EVALSHA answers NOSCRIPT."""

    kind: ClassVar[str] = "forget-scripts"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server forgets all scripts"


@frozen
class DestroyGroup(Effect):
    """XGROUP DESTROY."""

    kind: ClassVar[str] = "destroy-group"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "somebody destroys the consumer group"


@frozen
class DeleteStream(Effect):
    """DEL; groups and pending lists go with it."""

    kind: ClassVar[str] = "delete-stream"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "somebody deletes the stream"


@frozen
class DeleteEntries(Effect):
    """XTRIM, of unread and pending entries too."""

    kind: ClassVar[str] = "delete-entries"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "somebody trims the stream to its last {it.keep} entries"

    keep: int = field(default=0, validator=validators.ge(0))


@frozen
class ShiftClock(Effect):
    """The wall clock of the server jumps; new ids come from it."""

    kind: ClassVar[str] = "shift-clock"
    strikes: ClassVar[Strikes] = "server"
    words: ClassVar[str] = "the server's wall clock jumps by {it.ms:g} ms"

    ms: float = field(default=-5000.0, converter=float)


# The process of an application


@frozen
class KillProcess(Effect):
    """SIGKILL: no `finally` runs, the operating system closes the sockets."""

    kind: ClassVar[str] = "kill-process"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "{host} is killed and comes back after {it.ms:g} ms"

    ms: float = _ms(500.0)


@frozen
class CutPower(Effect):
    """No `finally` runs and nobody closes the sockets: the server takes them for open."""

    kind: ClassVar[str] = "cut-power"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "{host} loses power and comes back after {it.ms:g} ms"

    ms: float = _ms(500.0)


@frozen
class StopProcess(Effect):
    """SIGTERM: the runtime drains."""

    kind: ClassVar[str] = "stop-process"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "{host} is stopped gracefully and comes back after {it.ms:g} ms"

    ms: float = _ms(500.0)


@frozen
class PauseProcess(Effect):
    """SIGSTOP, a long collection of garbage, a virtual machine that moves."""

    kind: ClassVar[str] = "pause-process"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "{host} stands still for {it.ms:g} ms"

    ms: float = _ms(5000.0)


@frozen
class CrashActor(Effect):
    """A bug shows in the actor that waits for this command's reply."""

    kind: ClassVar[str] = "crash-actor"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "the actor that awaits {site} crashes"


@frozen
class StartTwin(Effect):
    """Two processes under one consumer name, as when an old one was not ended yet."""

    kind: ClassVar[str] = "start-twin"
    strikes: ClassVar[Strikes] = "process"
    words: ClassVar[str] = "a second process with the name of {host} runs for {it.ms:g} ms"

    ms: float = _ms(3000.0)


# A handler


@frozen
class Raise(Effect):
    """It raises, as code does that meets what it did not expect."""

    kind: ClassVar[str] = "raise"
    strikes: ClassVar[Strikes] = "handler"
    words: ClassVar[str] = "{site} raises"


@frozen
class Slow(Effect):
    """It takes its time."""

    kind: ClassVar[str] = "slow"
    strikes: ClassVar[Strikes] = "handler"
    words: ClassVar[str] = "{site} takes {it.ms:g} ms"

    ms: float = _ms(1000.0)


@frozen
class Hang(Effect):
    """It waits for something that does not come."""

    kind: ClassVar[str] = "hang"
    strikes: ClassVar[Strikes] = "handler"
    words: ClassVar[str] = "{site} hangs until the faults are over"


_ALL: Final = (
    LoseRequest,
    LoseReply,
    CutReply,
    Blackhole,
    Delay,
    Refuse,
    Partition,
    Answer,
    PauseServer,
    CrashServer,
    LosePower,
    RestartEmpty,
    FailOver,
    KillClients,
    ForgetScripts,
    DestroyGroup,
    DeleteStream,
    DeleteEntries,
    ShiftClock,
    KillProcess,
    CutPower,
    StopProcess,
    PauseProcess,
    CrashActor,
    StartTwin,
    Raise,
    Slow,
    Hang,
)

KINDS: Final[Mapping[str, type[Effect]]] = MappingProxyType({effect.kind: effect for effect in _ALL})
"""Every effect by its kind."""
