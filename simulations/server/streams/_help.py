"""What XGROUP HELP and XINFO HELP say, by version."""

from __future__ import annotations

from .._profile import Profile
from .._reply import Reply, Status

_XGROUP_5 = """\
XGROUP <subcommand> arg arg ... arg. Subcommands are:
CREATE      <key> <groupname> <id or $> [opt] -- Create a new consumer group.
            option MKSTREAM: create the empty stream if it does not exist.
SETID       <key> <groupname> <id or $>  -- Set the current group ID.
DESTROY     <key> <groupname>            -- Remove the specified group.
DELCONSUMER <key> <groupname> <consumer> -- Remove the specified consumer.
HELP                                     -- Prints this help."""

_XINFO_5 = """\
XINFO <subcommand> arg arg ... arg. Subcommands are:
CONSUMERS <key> <groupname>  -- Show consumer groups of group <groupname>.
GROUPS <key>                 -- Show the stream consumer groups.
STREAM <key>                 -- Show information about the stream.
HELP                         -- Print this help."""

_XINFO_6_0 = """\
XINFO <subcommand> arg arg ... arg. Subcommands are:
CONSUMERS <key> <groupname>         -- Show consumer groups of group <groupname>.
GROUPS <key>                        -- Show the stream consumer groups.
STREAM <key> [FULL [COUNT <count>]] -- Show information about the stream.
                                       FULL will return the full state of the stream,
                                            including all entries, groups, consumers and PELs.
                                            It's possible to show only the first stream/PEL entries
                                            by using the COUNT modifier (Default is 10)
HELP                                -- Print this help."""

_XGROUP_6 = """\
XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
CREATE <key> <groupname> <id|$> [option]
    Create a new consumer group. Options are:
    * MKSTREAM
      Create the empty stream if it does not exist.
CREATECONSUMER <key> <groupname> <consumer>
    Create a new consumer in the specified group.
DELCONSUMER <key> <groupname> <consumer>
    Remove the specified consumer.
DESTROY <key> <groupname>    Remove the specified group.
SETID <key> <groupname> <id|$>
    Set the current group ID.
HELP
    Prints this help."""

_XGROUP_7 = """\
XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
CREATE <key> <groupname> <id|$> [option]
    Create a new consumer group. Options are:
    * MKSTREAM
      Create the empty stream if it does not exist.
    * ENTRIESREAD entries_read
      Set the group's entries_read counter (internal use).
CREATECONSUMER <key> <groupname> <consumer>
    Create a new consumer in the specified group.
DELCONSUMER <key> <groupname> <consumer>
    Remove the specified consumer.
DESTROY <key> <groupname>
    Remove the specified group.
SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]
    Set the current group ID and entries_read counter.
HELP
    Prints this help."""

_XINFO_6 = """\
XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
CONSUMERS <key> <groupname>
    Show consumers of <groupname>.
GROUPS <key>
    Show the stream consumer groups.
STREAM <key> [FULL [COUNT <count>]
    Show information about the stream.
HELP
    Prints this help."""


def xgroup_help_text(profile: Profile) -> Reply:
    """The reply of XGROUP HELP."""
    if not profile.since(6, 2):
        return _lines(_XGROUP_5)
    return _lines(_newer(profile, _XGROUP_7) if profile.since(7, 0) else _XGROUP_6)


def xinfo_help_text(profile: Profile) -> Reply:
    """The reply of XINFO HELP."""
    if not profile.since(6, 2):
        return _lines(_XINFO_6_0 if profile.since(6, 0) else _XINFO_5)
    return _lines(_newer(profile, _XINFO_6))


def _newer(profile: Profile, text: str) -> str:
    return text.replace("Prints this", "Print this") if profile.since(7, 2) else text


def _lines(text: str) -> Reply:
    return [Status(line.encode()) for line in text.splitlines()]
