"""Bugs in talking to Redis, and in publishing."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

_NOTED_BEHIND: Final = """\
key = self._token_keys[0]
    [found] = await send([(b"HMGET", key, *short)])
    if all(found):
        return Appended(found, [])
    ids = await send([(b"XADD", self._stream, b"*", *fields) for fields in entries])
    await send([(b"HSET", key, *(word for pair in zip(short, ids) for word in pair))])
    return Appended(ids, [])"""
"""How tokens are kept without a script."""

CONNECTING: Final = (
    PlantedBug(
        "no deadline for reads",
        "a half-open connection is waited on for ever",
        "liveness",
        ("alone",),
        [Edit("wire._connection:Connection._exchange", "trio.current_time() + seconds)", "float('inf'))")],
    ),
    PlantedBug(
        "no deadline for replies",
        "a half-open shared link is waited on for ever",
        "liveness",
        ("single",),
        [
            Edit(
                "wire._multiplexer:Multiplexer._wait_late",
                'return ReplyTimeout(f"{self.address}: no reply within {seconds:g} s", sent=True)',
                "await trio.sleep(seconds)",
            )
        ],
    ),
    PlantedBug(
        "replies in the wrong order",
        "who is cancelled takes its place in the order along, and the next one gets its reply",
        "crash",
        ("graceful-stop", "rolling-restart"),
        [
            Edit(
                "wire._multiplexer:Multiplexer._abandon",
                "        self._slots.remove(slot)",
                "    self._slots.remove(slot)",
            )
        ],
    ),
    PlantedBug(
        "no backoff between tries",
        "what fails is tried again two milliseconds later, and again",
        "retry-storm",
        ("single", "many"),
        [Edit("actors._weather:Weather.note", "delay = self._retry.delay(self._tries, self._rng)", "delay = 0.002")],
    ),
    PlantedBug(
        "scripts taken for known",
        "a server that lost its scripts gets only their hashes",
        "crash",
        ("single",),
        [
            Edit(
                "wire._client:Client.eval",
                "except NoScriptError:",
                "except NoScriptError:\n            if self._link.generation > 1:\n                raise",
            )
        ],
    ),
    PlantedBug(
        "blind retry of XADD",
        "an event without a token whose reply was lost is appended again",
        "publish-once",
        ("plain-producer",),
        [Edit("actors._stream:_append", "if error.sent:", "if False:")],
    ),
    PlantedBug(
        "sent although it was given up",
        "what waited for the link is appended after its publisher was told that it is not there",
        "publish-once",
        ("plain-producer",),
        [Edit("actors._answering:begin", "wanted = still_wanted(appends)", "wanted = appends")],
    ),
    PlantedBug(
        "sent and taken for not sent",
        "a publisher whose limit comes before the reply is told that its event is not there",
        "publish-once",
        ("plain-producer",),
        [Edit("actors._answering:begin", "begun=True", "begun=False")],
    ),
    PlantedBug(
        "unknown outcome told as success",
        "a publisher hears that its event is there when nobody knows",
        "no-loss",
        ("plain-producer",),
        [
            Edit(
                "actors._stream:_fail",
                "append.reply.fail(PublishIndeterminate(len(append.entries), error))",
                """answer([append], [b"1-1"] * len(append.entries))""",
            )
        ],
    ),
    PlantedBug(
        "token dropped at a repeat",
        "what is sent again after a lost reply goes under another token",
        "publish-once",
        ("publish-once", "retrying-producer"),
        [
            Edit(
                "actors._stream_once:_send",
                "tokens = [token for append in appends for token in append.tokens]",
                'tokens = [token + b"!" * writer.weather._tries for append in appends for token in append.tokens]',
            )
        ],
    ),
    PlantedBug(
        "token not atomic with the append",
        "entries are appended, and their tokens noted behind that, in a second write",
        "publish-once",
        ("publish-once", "retrying-producer"),
        [
            Edit(
                "wire._append_once:AppendOnce.append",
                "return await self._by_script(short, entries, send, then)",
                _NOTED_BEHIND,
            )
        ],
    ),
    PlantedBug(
        "tokens forgotten too early",
        "when a tenth of a second is over, all tokens are dropped, those of just now too",
        "publish-once",
        ("publish-once", "retrying-producer"),
        [
            Edit("append_once.lua", "if since and now - since >= window then", "if since and now - since >= 100 then"),
            Edit("append_once.lua", "redis.call('RENAME', newer, older)", "redis.call('UNLINK', newer) known = {}"),
        ],
    ),
    PlantedBug(
        "each process has tokens of its own",
        "who begins again where another process died does not find what that one published",
        "publish-once",
        ("publish-once",),
        [
            Edit(
                "wire._append_once:AppendOnce.__init__",
                "self._stream = stream",
                'self._stream, self._own = stream, b"%d" % (1e6 * trio.current_time())',
            ),
            Edit(
                "wire._append_once:AppendOnce.append",
                "for token in tokens]",
                "for token in map(self._own.__add__, tokens)]",
            ),
        ],
    ),
    PlantedBug(
        "given up as if nothing was sent",
        "who waited long enough is told that it was not published, while nobody knows",
        "publish-once",
        ("plain-producer",),
        [Edit("actors._stream_once:_write", "say_begun(appends, begun=doubtful)", "say_begun(appends, begun=False)")],
    ),
)
