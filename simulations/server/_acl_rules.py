"""The words of ACL SETUSER: ``on >secret ~jobs:* +@read``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ._acl import User, hashed
from ._categories import CATEGORIES
from ._command import Command
from ._profile import Profile

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ALL_KEYS: Final = ("RW", b"*")


class WrongRule(ValueError):
    """A word is no rule; the text says why."""


class RuleReader:
    """Applies rules to users.

    Args:
        profile: the version, as rules came with time.
        commands: those that rules may name.
    """

    def __init__(self, profile: Profile, commands: Mapping[str, Command]) -> None:
        self._profile = profile
        self._commands = commands

    def new_user(self, name: str) -> User:
        """A user that may do nothing; before 7.0 it may use all channels."""
        return User(name, channels=[] if self._profile.since(7, 0) else [b"*"])

    def apply(self, user: User, word: bytes) -> None:
        """Apply one rule.

        Raises:
            WrongRule: it is none.
        """
        text = word.decode("utf-8", "surrogateescape")
        lower = text.lower()
        if lower in _WORDS:
            _WORDS[lower](user)
        elif lower == "reset":
            _reset(user, self.new_user(user.name))
        elif text[:1] in "><#!":
            _apply_password(user, text[0], word[1:])
        elif text[:1] in {"~", "%"}:
            self._apply_key(user, word)
        elif text[:1] == "&":
            self._apply_channel(user, word[1:])
        elif text[:1] in {"+", "-"}:
            self._apply_command(user, text[0], lower[1:])
        elif lower in {"sanitize-payload", "skip-sanitize-payload"} and self._profile.since(6, 2):
            user.sanitizes = lower == "sanitize-payload"
        else:
            raise WrongRule("Syntax error")

    def _apply_key(self, user: User, word: bytes) -> None:
        access, pattern = "RW", word[1:]
        if word[:1] == b"%":
            letters, tilde, pattern = word[1:].partition(b"~")
            access = "".join(letter for letter in "RW" if letter.encode() in letters.upper())
            if not self._profile.since(7, 0) or not tilde or len(access) != len(letters):
                raise WrongRule("Syntax error")
        if _ALL_KEYS in user.keys and (access, pattern) != _ALL_KEYS:
            raise WrongRule(
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any "
                "effect. Try 'resetkeys' to start with an empty list of patterns"
            )
        if (access, pattern) == _ALL_KEYS:
            user.keys.clear()
        if (access, pattern) not in user.keys:
            user.keys.append((access, pattern))

    def _apply_channel(self, user: User, pattern: bytes) -> None:
        if b"*" in user.channels and pattern != b"*":
            raise WrongRule(
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any "
                "effect. Try 'resetchannels' to start with an empty list of channels"
            )
        if pattern == b"*":
            user.channels.clear()
        if pattern not in user.channels:
            user.channels.append(pattern)

    def _apply_command(self, user: User, sign: str, what: str) -> None:
        if what == "@all":
            user.rules = [f"{sign}@all"]
            return
        name, _, sub = what.partition("|")
        known = what[1:] in CATEGORIES if what.startswith("@") else self._has(name, sub)
        if not known:
            raise WrongRule("Unknown command or category name in ACL")
        other = "-" if sign == "+" else "+"
        user.rules = [rule for rule in user.rules if rule not in {sign + what, other + what}]
        user.rules.append(sign + what)

    def _has(self, name: str, sub: str) -> bool:
        command = self._commands.get(name)
        if command is None:
            return False
        if not self._profile.since(7, 0):
            return True  # what stands behind the bar was anything
        return not sub or any(each.name == sub for each in command.subcommands)


def _apply_password(user: User, sign: str, password: bytes) -> None:
    wanted = password.decode("latin-1") if sign in "#!" else hashed(password)
    if not _HASH.fullmatch(wanted):
        raise WrongRule(
            "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
        )
    if sign in ">#":
        user.passwords[wanted] = None
        user.nopass = False
    elif user.passwords.pop(wanted, wanted) is not None:
        raise WrongRule("The password you are trying to remove from the user does not exist")


def _reset(user: User, fresh: User) -> None:
    for name in ("enabled", "nopass", "passwords", "rules", "keys", "channels", "sanitizes"):
        setattr(user, name, getattr(fresh, name))


def _enable(user: User) -> None:
    user.enabled = True


def _disable(user: User) -> None:
    user.enabled = False


def _nopass(user: User) -> None:
    user.nopass = True
    user.passwords.clear()


def _resetpass(user: User) -> None:
    user.nopass = False
    user.passwords.clear()


def _allkeys(user: User) -> None:
    user.keys = [_ALL_KEYS]


def _resetkeys(user: User) -> None:
    user.keys = []


def _allchannels(user: User) -> None:
    user.channels = [b"*"]


def _resetchannels(user: User) -> None:
    user.channels = []


def _allcommands(user: User) -> None:
    user.rules = ["+@all"]


def _nocommands(user: User) -> None:
    user.rules = ["-@all"]


_WORDS: Final = {
    "on": _enable,
    "off": _disable,
    "nopass": _nopass,
    "resetpass": _resetpass,
    "allkeys": _allkeys,
    "resetkeys": _resetkeys,
    "allchannels": _allchannels,
    "resetchannels": _resetchannels,
    "allcommands": _allcommands,
    "nocommands": _nocommands,
}
