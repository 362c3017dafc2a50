"""What the pages are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attrs import field, frozen, validators

from ..checkers import Verdict
from ..history import History

_NOTHING: Mapping[str, int] = MappingProxyType({})


@frozen
class Failure:
    """One run, as a rule one in which a promise was broken. Its plan is that of its history.

    Attributes:
        status: how the run ended, in a word or two: ``violated``, ``not live``, ``crashed``; ``held`` when all is well.
        verdicts: what the checkers say; the first one is the headline.
        history: what happened.
        trace_hash: two runs with the same one are the same run.
        error: what the run raised, in words, where it did.
        replay: the command that shows this run again.
        nearest: the most similar run that kept the promises, where one is known.
    """

    status: str
    verdicts: Sequence[Verdict]
    history: History
    trace_hash: str = ""
    replay: str = ""
    error: str = ""
    nearest: History | None = None


@frozen
class PlantedBug:
    """How the simulation did on a bug that was put in on purpose.

    Attributes:
        name: what is broken, in a few words.
        checker: whose verdict it was; "" where nobody found it.
        expected: whose verdict it should have been.
        seeds: how many seeds each of the searches took.
        faults: in the minimal plan.
    """

    name: str
    checker: str
    expected: str
    seeds: Sequence[int] = ()
    faults: int | None = None


@frozen
class FailureLink:
    """A failure as the batch shows it: `href` is its page, beside the batch's own."""

    seed: int
    scenario: str
    promise: str
    words: str
    href: str
    faults: int
    replay: str = ""


@frozen
class Batch:
    """What a command's runs came to.

    Attributes:
        title: what was run, in words.
        runs: how many, failed ones among them.
        seconds: of real time.
        virtual_seconds: that passed inside the runs, all added up.
        seed_base: the first seed.
        preset: which faults were possible, by name.
        faults: how often a fault of each kind struck.
        sometimes: how often each point was hit that ought to be; 0: never.
        coverage: by kind of fault and state of the application, how often one struck in the other.
        planted: how the bugs that were put in on purpose were found.
        failures: with links to their pages.
    """

    title: str
    runs: int = field(validator=validators.ge(0))
    seconds: float = field(validator=validators.ge(0))
    virtual_seconds: float = field(validator=validators.ge(0))
    seed_base: int = 0
    preset: str = ""
    faults: Mapping[str, int] = _NOTHING
    sometimes: Mapping[str, int] = _NOTHING
    coverage: Mapping[tuple[str, str], int] = MappingProxyType({})
    planted: Sequence[PlantedBug] = ()
    failures: Sequence[FailureLink] = ()
