"""What a server refuses because of its state: no memory left, no replicas, no master, not to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._command import Command
from ._session import Session, Words
from .administration._memory import used_memory
from .pubsub._pubsub import refused_to_subscriber

if TYPE_CHECKING:
    from ._engine import Engine

NO_MEMORY: Final = b"OOM command not allowed when used memory > 'maxmemory'."
NO_REPLICAS: Final = b"NOREPLICAS Not enough good replicas to write."
READ_ONLY: Final = b"READONLY You can't write against a read only replica."
LOADING: Final = b"LOADING Redis is loading the dataset in memory"
MAY_REPLICATE: Final = frozenset({"publish", "pfcount", "eval", "evalsha", "fcall", "spublish"})
SCRIPTS: Final = ("eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro")
INTERRACT: Final = b"ERR Replica can't interract with the keyspace"
_OF_KEYS: Final = ("write", "readonly", "may_replicate")
BEARS_SCRIPTS: Final = frozenset({"auth", "replconf", "quit"})
BEARS_SCRIPTS_SINCE_6: Final = frozenset({"hello", "multi", "discard", "watch", "unwatch", "reset"})
"""What is answered while a script runs for long, in versions that have no flag for that."""
NO_MASTER: Final = b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."


def may_refuse(engine: Engine) -> bool:
    """Whether the server is in any state in which it refuses something; to be asked again when its settings change."""
    settings = engine.configuration
    return bool(
        engine.is_loading
        or engine.runner.is_busy
        or engine.role.replica_of is not None
        or engine.monitors
        or settings.number("maxmemory")
        or settings.number("min-replicas-to-write")
    )


def refusal(engine: Engine, session: Session, command: Command, name: str, words: Words) -> bytes | None:
    """Why the server does not run a command that a client sent, in the order in which it looks."""
    flags = _flags(engine, session, command, name, words)
    has_room = engine.eviction.make_room(sum(map(len, words)))
    if engine.tracking is not None:
        engine.tracking.command_is_over(session)  # what went is not what the command is about to read
    if not has_room and ("denyoom" in flags or _fills_a_transaction(engine, session, name)):
        return NO_MEMORY
    if "write" in flags and _lacks_replicas(engine):
        return NO_REPLICAS
    if "write" in flags and _is_read_only(engine):
        return READ_ONLY
    return (
        refused_to_subscriber(engine.profile, session, name)
        or _refusal_of_old_data(engine, session, flags, name)
        or _refusal_to_replica(engine, session, command)
        or (_refusal_by_script(engine, command, name, words) if engine.runner.is_busy else None)
    )


def _refusal_of_old_data(engine: Engine, session: Session, flags: frozenset[str], name: str) -> bytes | None:
    if (
        engine.role.replica_of is not None
        and engine.configuration["replica-serve-stale-data"] == "no"
        and not _bears_stale_data(engine, session, flags, name)
    ):
        return NO_MASTER
    if engine.is_loading and not ("loading" in flags and _all_queued(engine, session, name, "loading")):
        return LOADING
    return None


def _refusal_to_replica(engine: Engine, session: Session, command: Command) -> bytes | None:
    """Who follows or monitors does not read keys by the way: CLIENT PAUSE would not hold it up."""
    if session not in engine.monitors or command.flags.isdisjoint(_OF_KEYS) or not engine.profile.since(6, 2):
        return None
    return b"ERR Replica can't interact with the keyspace" if engine.profile.since(7, 0) else INTERRACT


def _refusal_by_script(engine: Engine, command: Command, name: str, words: Words) -> bytes | None:
    """Before 7.0 it is the words of SHUTDOWN and SCRIPT that count, of which the first letter will do."""
    if engine.profile.since(7, 0):
        return None if "allow_busy" in command.flags else engine.runner.busy_text
    letter = words[1][:1].lower() if len(words) == 2 else b""
    may = name in BEARS_SCRIPTS or (name == "shutdown" and letter == b"n") or (name == "script|kill")
    if name in BEARS_SCRIPTS_SINCE_6 and engine.profile.since(6, 0):
        may = True
    return None if may else engine.runner.busy_text


def refusal_in_script(engine: Engine, command: Command, *, bears_no_memory: bool) -> bytes | None:
    """The same for a command of a script; one that has written already may go on although memory has run out."""
    if "write" in command.flags and _is_read_only(engine):
        return READ_ONLY
    if "write" in command.flags and engine.profile.since(6, 2) and _lacks_replicas(engine):
        return NO_REPLICAS
    if "denyoom" in command.flags and not bears_no_memory and _is_out_of_memory(engine):
        return NO_MEMORY
    return None


def _flags(engine: Engine, session: Session, command: Command, name: str, words: Words) -> frozenset[str]:
    """Those of a command; EXEC also does what its transaction does."""
    if name != "exec" or session.transaction is None:
        return _of_script(engine, command.flags, name, words)
    queued = (_of_script(engine, *_found(engine, each), each) for each in session.transaction.queued)
    return command.flags.union(*queued) & {"write", "denyoom"} | command.flags


def flags_of_call(engine: Engine, command: Command, name: str, words: Words) -> frozenset[str]:
    """Those of a command, or what a script says of itself; also whether it may concern replicas without writing."""
    flags = command.flags | {"may_replicate"} if name in MAY_REPLICATE else command.flags
    return _of_script(engine, flags, name, words)


def _found(engine: Engine, words: Words) -> tuple[frozenset[str], str]:
    command, name = engine.table.find(words)
    return command.flags, name


def _of_script(engine: Engine, flags: frozenset[str], name: str, words: Words) -> frozenset[str]:
    """What runs a script does and bears what that says; one that says nothing does not bear stale data."""
    if name not in SCRIPTS:
        return flags
    said = _said_by_script(engine, name, words)
    if said is None:
        return flags - {"stale"}
    found = flags - {"stale", "write", "denyoom", "may_replicate"}
    if "no-writes" not in said:
        found |= {"write"} if "allow-oom" in said else {"write", "denyoom"}
    return found | {"stale"} if "allow-stale" in said else found


def _said_by_script(engine: Engine, name: str, words: Words) -> frozenset[str] | None:
    if not engine.profile.since(7, 0):
        return None
    if name in ("fcall", "fcall_ro"):
        return engine.functions.flags_of(words[1])
    source = words[1] if name in ("eval", "eval_ro") else engine.scripts.source(words[1].lower())
    return None if source is None else engine.scripts.flags_of(source)


def _fills_a_transaction(engine: Engine, session: Session, name: str) -> bool:
    """Whether a command would be queued, which takes memory; later versions have other means against that."""
    return (
        session.transaction is not None
        and name not in (("exec", "discard", "reset", "quit") if engine.profile.since(6, 0) else ("exec",))
        and not engine.profile.since(8, 0)
    )


def _bears_stale_data(engine: Engine, session: Session, flags: frozenset[str], name: str) -> bool:
    if not engine.profile.since(6, 0):
        return name != "multi" and ("stale" in flags or name == "exec")
    return "stale" in flags and _all_queued(engine, session, name, "stale")


def _all_queued(engine: Engine, session: Session, name: str, flag: str) -> bool:
    """Whether all that EXEC would run has a flag."""
    if name != "exec" or session.transaction is None:
        return True
    queued = ((engine.table.find(words), words) for words in session.transaction.queued)
    return all(flag in flags_of_call(engine, *found, words) for found, words in queued)


def _is_out_of_memory(engine: Engine) -> bool:
    most = engine.configuration.number("maxmemory")
    return bool(most) and used_memory(engine) > most


def _lacks_replicas(engine: Engine) -> bool:
    wanted = engine.configuration.number("min-replicas-to-write")
    return bool(wanted) and engine.role.replica_of is None and engine.role.good_replicas < wanted


def _is_read_only(engine: Engine) -> bool:
    return engine.role.replica_of is not None and engine.configuration["replica-read-only"] == "yes"
