"""How users are told: the words by which ACL SETUSER would make them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._facts import facts
from .._profile import Profile
from ._acl import Selector, User
from ._categories import CATEGORIES


def user_line(profile: Profile, user: User) -> str:
    """A user as ACL LIST tells it."""
    flags = [flag for flag in user_flags(profile, user) if not flag.startswith("all")]
    words = ["user", user.name, *flags, *(f"#{password}" for password in user.passwords)]
    words += selector_words(profile, user.root)
    words += [f"({' '.join(selector_words(profile, selector))})" for selector in user.selectors]
    return " ".join(words)


def user_flags(profile: Profile, user: User) -> list[str]:
    """The flags of ACL GETUSER."""
    flags = ["on" if user.enabled else "off"]
    if not profile.since(7, 0):
        flags += ["allkeys"] if ("RW", b"*") in user.root.keys else []
        flags += ["allchannels"] if b"*" in user.root.channels and profile.since(6, 2) else []
        flags += ["allcommands"] if user.root.rules == ["+@all"] else []
    flags += ["nopass"] if user.nopass else []
    if user.sanitizes is not None or profile.since(7, 2):
        flags.append("skip-sanitize-payload" if user.sanitizes is False else "sanitize-payload")
    return flags


def selector_words(profile: Profile, selector: Selector) -> list[str]:
    """Its keys, channels and commands."""
    words = key_rules(selector)
    if profile.since(6, 2):
        words += [] if b"*" in selector.channels else ["resetchannels"]
        words += [f"&{_text(channel)}" for channel in selector.channels]
    return [*words, command_rules(profile, selector)]


def key_rules(selector: Selector) -> list[str]:
    """As in "~jobs:*" and "%R~log:*"."""
    return [
        f"~{_text(pattern)}" if access == "RW" else f"%{access}~{_text(pattern)}" for access, pattern in selector.keys
    ]


def command_rules(profile: Profile, selector: Selector) -> str:
    """The rules of commands: since 7.2 as they were given, before as found out from what is allowed."""
    if not profile.since(7, 2) and len(selector.rules) > 1:
        rules = _found_out(profile, selector)
    else:
        rules = selector.rules if selector.rules[0] in {"+@all", "-@all"} else ["-@all", *selector.rules]
    return " ".join(rules)


def _found_out(profile: Profile, selector: Selector) -> Sequence[str]:
    """All or nothing; then the categories that fit best, one after the other; then single commands."""
    known = {name: each.categories for name, each in facts(profile).items()}
    wanted = {name: selector.may_run(name, categories) for name, categories in known.items()}
    adds = selector.rules[0] != "+@all"
    rules = ["-@all" if adds else "+@all"]
    have = dict.fromkeys(known, not adds)
    left = dict(wanted)
    applied: list[str] = []
    while (best := _best_category(known, left, applied, adds=adds)) is not None:
        applied.append(best)
        rules.append(f"{'+' if adds else '-'}@{best}")
        for name, categories in known.items():
            if best in categories:
                have[name], left[name] = adds, not adds
    first_words = [rule for rule in selector.rules if "|" in rule and rule[1:] not in known]
    for name, allowed in wanted.items():
        if have[name] != allowed:
            rules.append(f"{'+' if allowed else '-'}{name}")
            have.update({each: allowed for each in known if each == name or each.startswith(f"{name}|")})
        if not allowed:
            rules += [rule for rule in first_words if rule[1:].rpartition("|")[0] == name]
    return rules


def _best_category(
    known: Mapping[str, Sequence[str]], left: Mapping[str, bool], applied: Sequence[str], *, adds: bool
) -> str | None:
    best: str | None = None
    least_different, most_same = len(known), 0
    for category in CATEGORIES:
        if category in applied:
            continue
        bits = [left[name] for name, categories in known.items() if category in categories]
        same = sum(bit is adds for bit in bits)
        different = len(bits) - same
        better = different < least_different or (different == least_different and same > most_same)
        if same > different and better:
            best, least_different, most_same = category, different, same
    return best


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")
