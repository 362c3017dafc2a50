"""One line of CLIENT LIST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._session import Session, Words

if TYPE_CHECKING:
    from .._engine import Engine


def client_line(engine: Engine, session: Session, running_words: Words = ()) -> bytes:
    """What CLIENT INFO says of a client, without the line end.

    What the simulated server has no number for, such as memory, is what a real one says of a client at rest.

    Args:
        engine: the server.
        session: the client.
        running_words: its command that runs just now, if one does.
    """
    since = engine.profile.since
    age = max(0, engine.now_ms - session.connected_ms) // 1000
    idle = max(0, engine.now_ms - session.active_ms) // 1000
    queued = len(session.transaction.queued) if session.transaction is not None else -1
    command = session.last_command or "NULL"
    buffers = session.buffers
    running = request_size(running_words) if running_words else 0
    query = max(running, buffers.waiting)
    free = max(0, buffers.query_size - query) or (USUAL_FREE - running if running else 0)
    arguments = sum(len(word) for word in running_words)
    fields = [
        (f"id={session.id} addr={session.address}", True),
        (f"laddr={session.local_address}", since(6, 2)),
        (f"fd={session.descriptor} name={session.name.decode('latin-1')} age={age} idle={idle}", True),
        (f"flags={_flags(engine, session)} db={session.database}", True),
        (f"sub={len(session.channels)} psub={len(session.patterns)}", True),
        (f"ssub={len(session.shard_channels)}", since(7, 0)),
        (f"multi={queued}", True),
        (f"watch={len(session.watched)}", since(7, 4)),
        (f"qbuf={query} qbuf-free={free}", True),
        (f"argv-mem={arguments}", since(6, 0)),
        (f"multi-mem=0 rbs={buffers.reply_size} rbp={buffers.reply_peak}", since(7, 0)),
        ("obl=0 oll=0 omem=0", True),
        ("tot-mem=22272", since(6, 0)),
        (f"events=r cmd={command if since(7, 0) else command.split('|')[0]}", True),
        (f"user={session.user or 'default'}", since(6, 0)),
        (f"redir={_redirect(engine, session)}", since(6, 2)),
        (f"resp={session.protocol}", since(7, 0)),
        (f"lib-name={_text(session.library[0])} lib-ver={_text(session.library[1])}", since(7, 2)),
        ("io-thread=0", since(8, 0)),
        (f"tot-net-in={buffers.received} tot-net-out={buffers.sent} tot-cmds={session.commands}", since(8, 2)),
    ]
    return " ".join(text for text, shown in fields if shown).encode("latin-1", "surrogateescape")


USUAL_FREE: Final = 20474


def request_size(words: Words) -> int:
    """The bytes of a command as clients send it."""
    return len(b"*%d\r\n" % len(words)) + sum(len(b"$%d\r\n" % len(word)) + len(word) + 2 for word in words)


def _text(name: bytes) -> str:
    return name.decode("latin-1")


def _redirect(engine: Engine, session: Session) -> int:
    mode = engine.tracking.modes.get(session) if engine.tracking is not None else None
    return -1 if mode is None else mode.redirect


def _flags(engine: Engine, session: Session) -> str:
    mode = engine.tracking.modes.get(session) if engine.tracking is not None else None
    flags = {
        "S": session.is_replica,
        "P": session.is_subscribed,
        "x": session.transaction is not None,
        "b": session.block is not None,
        "t": mode is not None,
        "R": mode is not None and mode.is_broken,
        "B": mode is not None and mode.broadcasts and engine.profile.since(6, 2),
        "d": session.is_touched,
        "c": session.closing,
        "e": session.no_evict,
        "T": session.no_touch,
    }
    return "".join(letter for letter, on in flags.items() if on) or "N"
