"""Users: who may log in, and which commands, keys and channels they may use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import define, field

from .._glob import fits

DEFAULT_USER: Final = "default"
LOGIN_REFUSED: Final = "WRONGPASS invalid username-password pair or user is disabled."
LOGIN_REFUSED_6_0: Final = "WRONGPASS invalid username-password pair"


def hashed(password: bytes) -> str:
    """How a password is kept."""
    return hashlib.sha256(password).hexdigest()


@define
class Selector:
    """What may be done: which commands, with which keys and channels.

    Attributes:
        rules: which commands: "+@all", "-get", "+@read", "+xgroup|create"; the last one that fits counts. One as
            "+select|0" allows a command that is no container with this first argument only.
        keys: patterns of keys, each with what may be done to them: "R", "W" or "RW".
        channels: patterns of channels.
    """

    rules: list[str] = field(factory=lambda: ["-@all"])
    keys: list[tuple[str, bytes]] = field(factory=list)
    channels: list[bytes] = field(factory=list)

    def may_run(self, name: str, categories: Sequence[str]) -> bool:
        """Whether it allows a command, by its full name as in "xgroup|create"."""
        container = name.split("|", 1)[0]
        for rule in reversed(self.rules):
            what = rule[1:]
            if what in {"@all", name, container} or (what[:1] == "@" and what[1:] in categories):
                return rule[0] == "+"
        return False

    def may_run_with(self, name: str, first_word: str) -> bool:
        """Whether it allows a command with this first argument, which it may not run with any."""
        return f"+{name}|{first_word.lower()}" in self.rules

    def may_use_key(self, key: bytes, access: str) -> bool:
        """Whether it allows a key: access is some of the letters R and W, all of which are needed."""
        return any(set(access) <= set(granted) and fits(key, pattern) for granted, pattern in self.keys)

    def may_use_channel(self, channel: bytes, *, is_pattern: bool) -> bool:
        """Whether it allows a channel; a pattern of channels has to be granted literally."""
        if is_pattern:
            return b"*" in self.channels or channel in self.channels
        return any(fits(channel, pattern) for pattern in self.channels)

    @property
    def is_unrestricted(self) -> bool:
        """Whether it allows everything."""
        return self.rules == ["+@all"] and ("RW", b"*") in self.keys and b"*" in self.channels


@define
class User:
    """One user, as ACL SETUSER makes it.

    Attributes:
        name: as in AUTH.
        enabled: whether it may log in.
        nopass: whether any password will do.
        passwords: hashes of those that will.
        root: what it may do.
        selectors: what it may do besides; each for itself allows a command with all its keys, or does not.
        sanitizes: whether what it restores is looked at closely; None: nobody said so.
    """

    name: str
    enabled: bool = False
    nopass: bool = False
    passwords: dict[str, None] = field(factory=dict)
    root: Selector = field(factory=Selector)
    selectors: list[Selector] = field(factory=list)
    sanitizes: bool | None = None

    def accepts(self, password: bytes) -> bool:
        """Whether it may log in with this password."""
        return self.enabled and (self.nopass or hashed(password) in self.passwords)

    @property
    def is_unrestricted(self) -> bool:
        """Whether it may do everything."""
        return self.root.is_unrestricted

    def all_selectors(self) -> Iterator[Selector]:
        """The root and the others."""
        yield self.root
        yield from self.selectors


class Users:
    """All users.

    Args:
        password: of the default user, as requirepass says it; "": none is needed.

    Attributes:
        restricted: whether there is a user who may not do everything.
    """

    def __init__(self, password: str = "") -> None:
        root = Selector(["+@all"], keys=[("RW", b"*")], channels=[b"*"])
        self.by_name: dict[str, User] = {DEFAULT_USER: User(DEFAULT_USER, enabled=True, root=root)}
        self.restricted = False
        self.set_default_password(password)

    @property
    def default(self) -> User:
        """Who everybody is that has not said who it is."""
        return self.by_name[DEFAULT_USER]

    @property
    def default_is_open(self) -> bool:
        """Whether a new client is logged in at once."""
        return self.default.enabled and self.default.nopass

    def set_default_password(self, password: str) -> None:
        """What CONFIG SET requirepass does."""
        self.default.nopass = not password
        self.default.passwords = {hashed(password.encode("utf-8", "surrogateescape")): None} if password else {}

    def put(self, user: User) -> None:
        """Make or replace a user."""
        self.by_name[user.name] = user
        self._look_for_restrictions()

    def remove(self, name: str) -> bool:
        """Remove a user; returns whether there was one."""
        removed = self.by_name.pop(name, None) is not None
        self._look_for_restrictions()
        return removed

    def _look_for_restrictions(self) -> None:
        self.restricted = any(not each.is_unrestricted for each in self.by_name.values())
