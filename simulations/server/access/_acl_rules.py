"""The words of ACL SETUSER: ``on >secret ~jobs:* +@read (~log:* +xadd)``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .._command import Command
from .._facts import facts
from .._profile import Profile
from ._acl import Selector, User, hashed
from ._categories import CATEGORIES

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ALL_KEYS: Final = ("RW", b"*")
_AFTER_ALL: Final = (
    "Adding a pattern after the * pattern (or the '{0}' flag) is not valid and does not have any "
    "effect. Try '{1}' to start with an empty list of {2}"
)


class WrongRule(ValueError):
    """A word is no rule; the text says why."""


class RuleReader:
    """Applies rules to users.

    Args:
        profile: the version, as rules came with time.
        commands: those that rules may name.
        all_channels: whether new users may use all channels, as acl-pubsub-default says.
    """

    def __init__(self, profile: Profile, commands: Mapping[str, Command], *, all_channels: bool) -> None:
        self._profile = profile
        self._commands = commands
        self._all_channels = all_channels

    def new_user(self, name: str) -> User:
        """A user that may do nothing."""
        return User(name, root=self._new_selector())

    def _new_selector(self) -> Selector:
        return Selector(channels=[b"*"] if self._all_channels else [])

    def apply(self, user: User, word: bytes) -> None:
        """Apply one rule.

        Raises:
            WrongRule: it is none.
        """
        text = word.decode("utf-8", "surrogateescape")
        lower = text.lower()
        if lower in _OF_USERS:
            _OF_USERS[lower](user)
        elif lower == "reset":
            _reset(user, self.new_user(user.name))
        elif text[:1] and text[0] in "><#!":
            _apply_password(user, text[0], word[1:])
        elif lower in {"sanitize-payload", "skip-sanitize-payload"} and self._profile.since(6, 2):
            user.sanitizes = lower == "sanitize-payload"
        elif lower == "clearselectors" and self._profile.since(7, 0):
            user.selectors.clear()
        elif text[:1] == "(" and self._profile.since(7, 0):
            user.selectors.append(self._selector(word))
        else:
            self._apply_to_selector(user.root, word)

    def _selector(self, word: bytes) -> Selector:
        """What stands in parentheses."""
        if word[-1:] != b")":
            raise WrongRule("Syntax error")
        selector = self._new_selector()
        for rule in word[1:-1].split():
            self._apply_to_selector(selector, rule)
        return selector

    def _apply_to_selector(self, selector: Selector, word: bytes) -> None:
        text = word.decode("utf-8", "surrogateescape")
        lower = text.lower()
        knows_channels = self._profile.since(6, 2)
        if lower in _OF_SELECTORS and (knows_channels or "channels" not in lower):
            _OF_SELECTORS[lower](selector)
        elif text[:1] in {"~", "%"}:
            self._apply_key(selector, word)
        elif text[:1] == "&" and knows_channels:
            _apply_channel(selector, word[1:])
        elif text[:1] in {"+", "-"}:
            self._apply_command(selector, text[0], lower[1:])
        else:
            raise WrongRule("Syntax error")

    def _apply_key(self, selector: Selector, word: bytes) -> None:
        if word == b"~*":
            selector.keys = [_ALL_KEYS]
            return
        if _ALL_KEYS in selector.keys:
            raise WrongRule(_AFTER_ALL.format("allkeys", "resetkeys", "patterns"))
        access, pattern = "RW", word[1:]
        if word[:1] == b"%":
            letters, tilde, pattern = word[1:].partition(b"~")
            access = "".join(letter for letter in "RW" if letter.encode() in letters.upper())
            if not self._profile.since(7, 0) or not tilde or not access or len(access) != len(letters):
                raise WrongRule("Syntax error")
        if self._profile.since(6, 0) and any(char in b" \t\n\v\f\r\0" for char in pattern):
            raise WrongRule("Syntax error")
        for at, (granted, other) in enumerate(selector.keys):
            if other == pattern:
                selector.keys[at] = ("".join(sorted({*granted, *access})), pattern)
                return
        selector.keys.append((access, pattern))

    def _apply_command(self, selector: Selector, sign: str, what: str) -> None:
        if what == "@all":
            selector.rules = [f"{sign}@all"]
            return
        if what.startswith("@"):
            if what[1:] not in CATEGORIES:
                raise WrongRule("Unknown command or category name in ACL")
        elif self._is_first_word(sign, what):
            if f"+{what}" not in selector.rules:
                selector.rules.append(f"+{what}")
            return
        old = {f"{sign}{what}", f"{'-' if sign == '+' else '+'}{what}"}
        kept = [rule for rule in selector.rules if rule not in old and not rule[1:].startswith(f"{what}|")]
        selector.rules = [*kept, sign + what]

    def _is_first_word(self, sign: str, what: str) -> bool:
        """Whether a rule is about a command with one first argument, and not about a command or subcommand.

        Raises:
            WrongRule: there is no such command.
        """
        unknown = WrongRule("Unknown command or category name in ACL")
        name, bar, sub = what.partition("|")
        command = self._commands.get(name)
        if command is None or name not in facts(self._profile):
            raise unknown
        if not bar:
            return False
        if not self._profile.since(7, 0):
            # What stands behind the bar was anything, and could only be granted.
            self._check_first_word(sign, sub)
            return True
        if "|" in sub:
            raise WrongRule("Allowing first-arg of a subcommand is not supported") if sign == "+" else unknown
        if not command.subcommands:
            self._check_first_word(sign, sub)
            return True
        if not any(each.name == sub and self._profile.since(*each.since) for each in command.subcommands):
            raise unknown if sub or sign == "-" else WrongRule("Syntax error")
        return False

    def _check_first_word(self, sign: str, word: str) -> None:
        if sign == "-":
            raise WrongRule("Unknown command or category name in ACL")
        if not word:
            raise WrongRule("Syntax error")


def _apply_channel(selector: Selector, pattern: bytes) -> None:
    if pattern == b"*":
        selector.channels = [b"*"]
        return
    if b"*" in selector.channels:
        raise WrongRule(_AFTER_ALL.format("allchannels", "resetchannels", "channels"))
    if any(char in b" \t\n\v\f\r\0" for char in pattern):
        raise WrongRule("Syntax error")
    if pattern not in selector.channels:
        selector.channels.append(pattern)


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
    for name in ("enabled", "nopass", "passwords", "root", "selectors", "sanitizes"):
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


def _allkeys(selector: Selector) -> None:
    selector.keys = [_ALL_KEYS]


def _resetkeys(selector: Selector) -> None:
    selector.keys = []


def _allchannels(selector: Selector) -> None:
    selector.channels = [b"*"]


def _resetchannels(selector: Selector) -> None:
    selector.channels = []


def _allcommands(selector: Selector) -> None:
    selector.rules = ["+@all"]


def _nocommands(selector: Selector) -> None:
    selector.rules = ["-@all"]


_OF_USERS: Final = {"on": _enable, "off": _disable, "nopass": _nopass, "resetpass": _resetpass}
_OF_SELECTORS: Final = {
    "allkeys": _allkeys,
    "resetkeys": _resetkeys,
    "allchannels": _allchannels,
    "resetchannels": _resetchannels,
    "allcommands": _allcommands,
    "nocommands": _nocommands,
}
