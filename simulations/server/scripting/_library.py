"""What scripts find in the host: redis.call and the other functions of redis, cjson, cmsgpack and bit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from .._profile import Profile
from .._reply import Failure, Reply
from ..access._permissions import why_refused
from . import _bit, _json, _msgpack, _struct
from ._json_options import SETTINGS, BadOption, JsonOptions, Setting
from ._lua import Lua, Raised
from ._registering import Registering
from ._values import error_fields, words_of

if TYPE_CHECKING:
    from ._runner import Runner

LIBRARY_CALL: Final = (b"redis.call()", b"this redis lib call")
REPLICATION_FLAGS_MAX: Final = 3


class Library:
    """What is lent to one state of Lua.

    Args:
        runner: who runs its scripts.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._json_options = JsonOptions()
        self.registering = Registering(self)

    @property
    def lua(self) -> Lua:
        """The state."""
        return self._runner.lua

    def look_around(self) -> bytes | None:
        """Called again and again while a script runs; returns why it has to end, if it has."""
        return self._runner.look_around()

    def offered(self, lua: Lua) -> Mapping[bytes, object]:
        """By the names under which the prelude finds them."""
        self._lua = lua
        profile = lua.profile
        return {
            **self._of_redis(profile),
            b"json_encode": self._json_encode,
            b"json_decode": self._json_decode,
            b"json_options": lua.table({name: self._json_setting(name, change) for name, change in SETTINGS.items()}),
            b"pack": self._pack,
            b"unpack": self._unpack,
            b"unpack_one": lambda data=None, at=0: self._unpack_some(b"unpack_one", data, 1, at),
            b"unpack_limit": lambda data=None, most=0, at=0: self._unpack_some(b"unpack_limit", data, most, at),
            b"bit": lua.table({name: self._on_bits(name, run) for name, run in _bit.FUNCTIONS.items()}),
            b"struct_pack": self._struct_pack,
            b"struct_unpack": self._struct_unpack,
            b"struct_size": self._struct_size,
            b"nothing": _nothing,
            b"print": None if profile.since(7, 0) else _nothing,
        }

    def _of_redis(self, profile: Profile) -> Mapping[bytes, object]:
        since_7 = profile.since(7, 0)
        major, minor, patch = (*profile.version, 0)[:3]
        return {
            b"call": self._call,
            b"pcall": self._pcall,
            b"error_reply": self._error_reply,
            b"status_reply": self._status_reply,
            b"sha1hex": self._sha1hex,
            b"log": self._log,
            b"set_repl": self._set_replication,
            b"setresp": self._set_protocol if profile.since(6, 0) else None,
            b"replicate_commands": lambda *_: True,
            b"breakpoint": lambda *_: False,
            b"debug": _nothing,
            b"acl_check_cmd": self._may_run if since_7 else None,
            b"version": b"%d.%d.%d" % (major, minor, patch) if since_7 else None,
            b"version_number": (major << 16 | minor << 8 | patch) if since_7 else None,
            b"register_function": self.registering.register,
        }

    # redis

    def _run(self, words: Sequence[bytes]) -> Reply:
        self._lua.check_room()
        return self._runner.command(words)

    def _words(self, arguments: Sequence[object]) -> Sequence[bytes] | Failure:
        since_7 = self._lua.profile.since(7, 0)
        if not arguments:
            return self._runner.own_failure(b"Please specify at least one argument for " + LIBRARY_CALL[since_7])
        words = words_of(self._lua.values, arguments)
        if words is None:
            where = b"lib" if since_7 else b"()"
            text = b"Lua redis%b%b command arguments must be strings or integers" % (b" " if since_7 else b"", where)
            return self._runner.own_failure(text)
        return words

    def _call(self, *arguments: object) -> object:
        words = self._words(arguments)
        if isinstance(words, Failure):
            raise self._raised(words, counted=False)
        reply = self._run(words)
        if isinstance(reply, Failure):
            raise self._raised(reply)
        return self._lua.values.of_reply(reply)

    def _pcall(self, *arguments: object) -> object:
        words = self._words(arguments)
        if isinstance(words, Failure):
            return self._lua.table(error_fields(words.text))
        return self._lua.values.of_reply(self._run(words))

    def _raised(self, failure: Failure, *, counted: bool = True) -> Raised:
        lua = self._lua
        return Raised(error_fields(failure.text, counted=counted) if lua.profile.since(7, 0) else failure.text)

    def _wrong_arguments(self) -> object:
        return self._lua.table(error_fields(self._runner.own_failure(b"wrong number or type of arguments").text))

    def _error_reply(self, *arguments: object) -> object:
        text = arguments[0] if len(arguments) == 1 else None
        if not isinstance(text, bytes):
            return self._wrong_arguments()
        if self._lua.profile.since(7, 0):
            text = text.removeprefix(b"-").rstrip(b"\r\n")
            text = text if b" " in text else b"ERR " + text
        return self._lua.table({b"err": text})

    def _status_reply(self, *arguments: object) -> object:
        if len(arguments) != 1 or not isinstance(arguments[0], bytes):
            return self._wrong_arguments()
        return self._lua.table({b"ok": arguments[0]})

    def _sha1hex(self, *arguments: object) -> bytes:
        if len(arguments) != 1:
            raise self._lua.failure(b"wrong number of arguments")
        text = self._lua.values.word(arguments[0]) or b""
        return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()

    def _log(self, *arguments: object) -> None:
        if len(arguments) < 2:
            raise self._lua.failure(b"redis.log() requires two arguments or more.")
        level = arguments[0]
        if not isinstance(level, int | float) or isinstance(level, bool):
            raise self._lua.failure(b"First argument must be a number (log level).")
        if not 0 <= level <= 3:
            raise self._lua.failure(b"Invalid %b level." % (b"log" if self._lua.profile.since(7, 2) else b"debug"))

    def _set_protocol(self, *arguments: object) -> None:
        if len(arguments) != 1:
            raise self._lua.failure(b"redis.setresp() requires one argument.")
        if _number(arguments[0]) not in (2, 3):
            raise self._lua.failure(b"RESP version must be 2 or 3.")
        self._lua.values.protocol = int(_number(arguments[0]))

    def _set_replication(self, *arguments: object) -> tuple[()]:
        if len(arguments) != 1:
            count = b"one argument" if self._lua.profile.since(7, 2) else b"two arguments"
            raise self._lua.failure(b"redis.set_repl() requires %b." % count)
        if not 0 <= _number(arguments[0]) <= REPLICATION_FLAGS_MAX:
            flags = b"Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."
            raise self._lua.failure(b"Invalid replication flags. " + flags)
        return ()

    def _may_run(self, *arguments: object) -> bool:
        words = self._words(arguments)
        if isinstance(words, Failure):
            raise self._raised(words, counted=False)
        engine, session = self._runner.engine, self._runner.session
        found = engine.table.look_up(words)
        if found is None:
            raise self._lua.failure(b"Invalid command passed to redis.acl_check_cmd()")
        if self._lua.profile.since(8, 2) and not found[0].takes(len(words)):
            raise self._lua.failure(b"Wrong number of args for redis.acl_check_cmd()")
        if session is None or session.user is None or not engine.users.restricted:
            return True
        return why_refused(engine, session.user, *found, words) is None

    # cjson, cmsgpack, bit

    def _json_encode(self, *arguments: object) -> bytes:
        if len(arguments) != 1:
            raise self._bad_argument(1, b"encode", b"expected 1 argument")
        try:
            return _json.encode(
                self._lua.values.to_plain(arguments[0], self._json_options.encode_depth_max), self._json_options
            )
        except _json.JsonError as error:
            raise self._lua.misuse(str(error).encode()) from error

    def _json_decode(self, *arguments: object) -> object:
        if len(arguments) != 1:
            raise self._bad_argument(1, b"decode", b"expected 1 argument")
        text = self._lua.values.word(arguments[0])
        if text is None:
            raise self._bad_argument(1, b"decode", b"string expected, got " + self._kind(arguments[0]))
        try:
            return self._lua.values.of_json(_json.decode(text, self._json_options))
        except _json.JsonError as error:
            raise self._lua.misuse(str(error).encode()) from error

    def _json_setting(self, name: bytes, change: Setting) -> object:
        def changed(*arguments: object) -> object:
            try:
                return change(self._json_options, arguments)
            except BadOption as error:
                raise self._bad_argument(error.place, name, str(error).encode()) from error

        return changed

    def _pack(self, *arguments: object) -> bytes:
        if not arguments:
            raise self._bad_argument(0, b"pack", b"MessagePack pack needs input.")
        return b"".join(_msgpack.pack(self._lua.values.to_plain(each, _msgpack.DEPTH_MAX)) for each in arguments)

    def _unpack(self, *arguments: object) -> tuple[object, ...]:
        return self._unpacked(b"unpack", arguments[0] if arguments else None, len(arguments), None, 0)[1:]

    def _unpack_some(self, name: bytes, data: object, most: object, at: object) -> tuple[object, ...]:
        return self._unpacked(name, data, 1, int(_number(most)), int(_number(at)))

    def _unpacked(self, name: bytes, data: object, given: int, most: int | None, at: int) -> tuple[object, ...]:
        text = self._lua.values.word(data)
        if text is None:
            kind = self._kind(data) if given and data is not None else b"no value"
            raise self._bad_argument(1, name, b"string expected, got " + kind)
        try:
            values, end = _msgpack.unpack(text, at=at, most=most)
        except _msgpack.PackError as error:
            raise self._lua.misuse(str(error).encode()) from error
        shown = [self._lua.values.of_plain(value) for value in values]
        return (-1 if end >= len(text) else end, *shown)

    def _struct_pack(self, *arguments: object) -> bytes:
        form = self._form(b"pack", arguments)
        try:
            return _struct.pack(form, [each if isinstance(each, bytes) else _number(each) for each in arguments[1:]])
        except IndexError as error:
            raise self._bad_argument(len(arguments) + 1, b"pack", b"number expected, got nil") from error
        except _struct.FormatError as error:
            raise self._bad_format(b"pack", error) from error

    def _struct_unpack(self, *arguments: object) -> tuple[object, ...]:
        form = self._form(b"unpack", arguments)
        data = arguments[1] if len(arguments) > 1 else None
        if not isinstance(data, bytes):
            raise self._bad_argument(2, b"unpack", b"string expected, got " + self._kind(data))
        try:
            return _struct.unpack(form, data, int(_number(arguments[2])) - 1 if len(arguments) > 2 else 0)
        except _struct.FormatError as error:
            raise self._bad_format(b"unpack", error) from error

    def _struct_size(self, *arguments: object) -> int:
        try:
            return _struct.size(self._form(b"size", arguments))
        except _struct.FormatError as error:
            raise self._bad_format(b"size", error) from error

    def _bad_format(self, name: bytes, error: _struct.FormatError) -> Raised:
        text = str(error).encode()
        return self._lua.misuse(text) if error.argument is None else self._bad_argument(error.argument, name, text)

    def _form(self, name: bytes, arguments: Sequence[object]) -> bytes:
        form = self._lua.values.word(arguments[0]) if arguments else None
        if form is None:
            raise self._bad_argument(1, name, b"string expected, got no value")
        return form

    def _on_bits(self, name: bytes, run: _bit.OnBits) -> object:
        def checked(*arguments: object) -> object:
            for place, argument in enumerate(arguments or (None,), 1):
                if _number(argument) != _number(argument):
                    kind = self._kind(argument) if arguments else b"no value"
                    raise self._bad_argument(place, name, b"number expected, got " + kind)
            try:
                return run([_number(each) for each in arguments])
            except IndexError as error:
                text = b"number expected, got no value"
                raise self._bad_argument(len(arguments) + 1, name, text) from error

        return checked

    def _bad_argument(self, place: int, name: bytes, why: bytes) -> Raised:
        return self._lua.misuse(b"bad argument #%d to '%b' (%b)" % (place, name, why))

    def _kind(self, value: object) -> bytes:
        if value is None or isinstance(value, bool):
            return b"nil" if value is None else b"boolean"
        if isinstance(value, bytes | int | float):
            return b"string" if isinstance(value, bytes) else b"number"
        return (self._lua.type_of(value) or "function").encode()


def _number(value: object) -> float:
    """A value as a number, as Lua reads it; not a number where it is none."""
    if isinstance(value, bool) or not isinstance(value, bytes | int | float):
        return float("nan")
    try:
        return float(cast("bytes", value))
    except ValueError:
        return float("nan")


def _nothing(*_: object) -> None:
    """Has no effect here."""
