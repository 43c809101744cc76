"""What can go wrong, in words for the person who can mend it. No HTTP here: ``api/problems.py`` maps the tree.

    ThreePercentError
      UnknownCountry  UnknownCurrency  UnknownCorridor > CorridorToItself  CorridorNotCovered
      UnknownPeriod  PeriodNotSurveyed  NoDataYet  NoLiveQuotes  UnknownProvider  UnknownQuote  UnknownInstitution
      InvalidNumber  InvalidAmount  InvalidName  InvalidParameter  ContradictoryParameters
      UnknownSource > SourceNotFetched  LeaseLost
      SourceError: a file or an answer, ``file_errors.py``   FetchError: a call, ``fetch_errors.py``

A class's docstring is its title: what the error means whoever meets it. ``code`` is its kebab-case name for machines
and ``detail`` says what was wrong in this case, what is expected and what to do. Text from outside is only ever shown
through ``quoted``, so that no message can carry a control character, a forged line or a megabyte.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
import re
from collections.abc import Iterable
from typing import ClassVar

QUOTED_LENGTH = 40
LISTED = 12
_KEY = re.compile(r"(tp_(?:live|test|pub)_)[0-9A-Za-z_]+", re.ASCII)


def quoted(text: str, length: int = QUOTED_LENGTH) -> str:
    """Return text from outside between quotation marks: at most ``length`` characters, anything unprintable escaped.

    Quotation marks inside are escaped too, so that where the quotation ends is never in doubt. Of what looks like a
    key only its kind is shown.
    """
    text = _KEY.sub(r"\1…", text)
    shown = "".join(map(_shown, text[:length]))
    return f'"{shown}…"' if len(text) > length else f'"{shown}"'


def _shown(character: str) -> str:
    if character == '"':
        return r"\x22"
    return character if character.isprintable() and character != "\\" else ascii(character)[1:-1]


def listed(items: Iterable[str], most: int = LISTED) -> str:
    """Return known values as a phrase, ``A, B and 7 more``; the items are ours, not a caller's."""
    known = list(items)
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[:most])} and {len(known) - most} more"


class ThreePercentError(Exception):
    """Something that this software expects to go wrong, and can explain."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        """Keep the explanation, which is also the exception's text."""
        super().__init__(detail)
        self.detail = detail

    @classmethod
    def title(cls) -> str:
        """Return the first line of the docstring: what the error means."""
        return (cls.__doc__ or "").partition("\n")[0]


class UnknownCountry(ThreePercentError):
    """No country has this code or name."""

    code = "unknown-country"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are codes with names, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        super().__init__(f"{quoted(text)} is not a country; use its ISO 3166 code, such as GBR or GB.{near}")
        self.text = text
        self.suggestions = suggestions


class UnknownCurrency(ThreePercentError):
    """No currency has this code."""

    code = "unknown-currency"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as a currency."""
        super().__init__(f"{quoted(text)} is not a currency; use its ISO 4217 code, such as GBP.")
        self.text = text


class UnknownCorridor(ThreePercentError):
    """This is not a corridor: two countries that exist, from the sender's to the receiver's."""

    code = "unknown-corridor"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = (), detail: str | None = None) -> None:
        """``suggestions`` are corridor ids, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        expected = "write the sending and the receiving country's codes, such as GBR-PHL."
        super().__init__((detail or f"{quoted(text)} is not a corridor; {expected}") + near)
        self.text = text
        self.suggestions = suggestions


class CorridorToItself(UnknownCorridor):
    """A corridor joins two countries; this one goes from a country to itself."""

    code = "corridor-to-itself"

    def __init__(self, *, country: str) -> None:
        """``country`` is the alpha-3 code that stands on both sides."""
        super().__init__(
            text=f"{country}-{country}",
            detail=f"{country}-{country} goes from a country to itself; a corridor joins two different countries, "
            "such as GBR-PHL.",
        )
        self.country = country


class CorridorNotCovered(ThreePercentError):
    """Both countries exist, but no source has prices for this corridor."""

    code = "corridor-not-covered"

    def __init__(self, *, corridor: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are covered corridors with the same sender or receiver."""
        near = f" Covered and near: {listed(suggestions)}." if suggestions else ""
        super().__init__(f"No source has prices for {corridor}.{near} GET /v1/corridors lists every covered corridor.")
        self.corridor = corridor
        self.suggestions = suggestions


class UnknownPeriod(ThreePercentError):
    """A period is a quarter, written 2013-Q3."""

    code = "unknown-period"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as a period."""
        super().__init__(f"{quoted(text)} is not a period; write a quarter, such as 2013-Q3.")
        self.text = text


class PeriodNotSurveyed(ThreePercentError):
    """There was no survey in this quarter, or none here."""

    code = "period-not-surveyed"

    def __init__(self, *, period: str, known: tuple[str, ...], corridor: str | None = None) -> None:
        """``known`` are the surveyed periods, of the corridor where one is named; newest are shown first."""
        where = f" in {corridor}" if corridor else ""
        newest_first = sorted(known, reverse=True)
        there_is = f" There is data for {listed(newest_first)}." if known else ""
        super().__init__(f"There was no survey{where} in {period}.{there_is}")
        self.period = period
        self.known = known
        self.corridor = corridor


class NoDataYet(ThreePercentError):
    """There are no data yet for what was asked."""

    code = "no-data-yet"

    def __init__(self, detail: str | None = None) -> None:
        """``detail``, where there is more to tell than what to do."""
        super().__init__(detail or "There are no prices yet. Import a survey with: threepercent import FILE")


class NoLiveQuotes(ThreePercentError):
    """There are no live prices for what was asked."""

    code = "no-live-quotes"

    def __init__(self, known: str) -> None:
        """``known`` says what there is instead."""
        super().__init__(f"There are no live quotes here yet. {known}")


class UnknownProvider(ThreePercentError):
    """No provider has this id."""

    code = "unknown-provider"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are provider ids, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        super().__init__(f"{quoted(text)} is not a provider's id; GET /v1/providers lists them.{near}")
        self.text = text
        self.suggestions = suggestions


class UnknownQuote(ThreePercentError):
    """No public quote has this id."""

    code = "unknown-quote"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as an id."""
        super().__init__(f"{quoted(text)} is not the id of a public quote; answers name theirs in quote_ids.")
        self.text = text


class UnknownSource(ThreePercentError):
    """No source has this key."""

    code = "unknown-source"

    def __init__(self, *, text: str, known: tuple[str, ...], detail: str | None = None) -> None:
        """``text`` is what was given as a key, ``known`` are the keys that would do."""
        there_is = f" There is {listed(known)}." if known else " There is none that would do."
        super().__init__((detail or f"{quoted(text)} is not a source.") + there_is)
        self.text = text
        self.known = known


class SourceNotFetched(UnknownSource):
    """This source is not fetched over HTTP; its figures come in as files."""

    code = "source-not-fetched"

    def __init__(self, *, source: str, known: tuple[str, ...]) -> None:
        """``known`` are the keys of sources that are fetched."""
        detail = f"{quoted(source)} is not fetched: its figures come in with threepercent import FILE."
        super().__init__(text=source, known=known, detail=detail)


class LeaseLost(ThreePercentError):
    """Another worker has taken this work over; nothing of what this one did since is stored."""

    code = "lease-lost"

    def __init__(self, *, name: str) -> None:
        """``name`` is the lease's."""
        super().__init__(f"Another worker holds {quoted(name)} now; what this one was about to store is dropped.")
        self.name = name


class UnknownInstitution(ThreePercentError):
    """No institution whose rates are here has this key."""

    code = "unknown-institution"

    def __init__(self, *, text: str, known: tuple[str, ...] = ()) -> None:
        """``known`` are the keys of the institutions whose rates are here."""
        there_are = f" There are rates of {listed(known)}." if known else " There are no rates yet."
        super().__init__(f"{quoted(text)} is not the key of an institution that publishes rates.{there_are}")
        self.text = text
        self.known = known


class InvalidNumber(ThreePercentError):
    """This is not a number as this software reads numbers."""

    code = "invalid-number"

    def __init__(self, *, text: str, reason: str) -> None:
        """``reason`` says what is wrong with it, as the rest of "… is not a number here: "."""
        super().__init__(
            f"{quoted(text)} is not a number here: {reason}. "
            "Write digits, with a point before decimals, such as 120 or 120.50."
        )
        self.text = text
        self.reason = reason


class InvalidAmount(ThreePercentError):
    """An amount of money must be positive, not absurd, and payable in its currency."""

    code = "invalid-amount"

    def __init__(self, *, reason: str, parameter: str = "amount") -> None:
        """``reason`` is a whole sentence that says what is wrong and what is expected."""
        super().__init__(reason)
        self.reason = reason
        self.parameter = parameter


class InvalidName(ThreePercentError):
    """A name must be visible text of a sane length."""

    code = "invalid-name"

    def __init__(self, *, text: str, reason: str) -> None:
        """``reason`` says what is wrong, as the rest of "… cannot be a name: "."""
        super().__init__(f"{quoted(text)} cannot be a name: {reason}.")
        self.text = text
        self.reason = reason


class InvalidParameter(ThreePercentError):
    """A parameter has a value that it cannot have, or contradicts another."""

    code = "invalid-parameter"

    def __init__(self, *, parameter: str, expected: str, given: str | None = None) -> None:
        """``expected`` is a phrase, "one of cost, transfer_speed"; ``given`` is shown only in quoted form."""
        was = f"cannot be {quoted(given)}" if given is not None else "is not valid here"
        super().__init__(f"{quoted(parameter)[1:-1]} {was}; expected {expected}.")
        self.parameter = parameter
        self.expected = expected
        self.given = given


class ContradictoryParameters(ThreePercentError):
    """Two parameters of the request exclude each other."""

    code = "contradictory-parameters"

    def __init__(self, *parameters: str, detail: str) -> None:
        """``parameters`` are the names of those that cannot stand together."""
        super().__init__(detail)
        self.parameters = parameters
