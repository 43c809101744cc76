"""Providers that are hidden from every answer, and shown again."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.audit import Action
from app.domain.errors import UnknownProvider
from app.domain.providers import suggest_providers
from app.mend.acts import EVERYBODY, Acted, Hand, log_act, record_act_version
from app.store import corrections, hidden_providers, providers, versions
from app.store.corrections import CorrectionRecord, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility(Acted):
    """What hiding or showing a provider came to, or would: its quotes by corridor.

    ``is_new`` is false where it was so already, and nothing changes.
    """

    name: str
    quotes: Mapping[str, int]
    is_new: bool


def set_visibility(
    engine: Engine, provider: str, hand: Hand, *, is_hidden: bool, is_dry_run: bool = False
) -> Visibility:
    """Hide a provider from every answer of everybody, or show it again; ``as_of`` shows the past as it was.

    Raises UnknownProvider.
    """
    if is_dry_run:
        with reading(engine) as connection:
            return _looked(connection, provider, is_hidden=is_hidden)

    def act(connection: Connection) -> Visibility:
        found = _looked(connection, provider, is_hidden=is_hidden)
        return _done(connection, provider, hand, found, is_hidden=is_hidden) if found.is_new else found

    return transact(engine, act)


def _looked(connection: Connection, provider: str, *, is_hidden: bool) -> Visibility:
    known = providers.names(connection)
    if provider not in known:
        raise UnknownProvider(text=provider, suggestions=suggest_providers(provider, known))
    was_hidden = provider in hidden_providers.hidden(connection)
    return Visibility(
        dataset_version=None,
        name=known[provider],
        quotes=hidden_providers.standing_quotes(connection, provider),
        is_new=was_hidden is not is_hidden,
    )


def _done(connection: Connection, provider: str, hand: Hand, found: Visibility, *, is_hidden: bool) -> Visibility:
    number = versions.next_version(connection)
    hidden_providers.append(connection, provider, is_hidden=is_hidden, reason=hand.reason, dataset_version=number)
    kind = Kind.PROVIDER_HIDDEN if is_hidden else Kind.PROVIDER_SHOWN
    touched = {versions.Touched(corridor, None) for corridor in found.quotes}
    version = record_act_version(connection, hand, number, reason=kind.value, brought_by=EVERYBODY, touched=touched)
    told = CorrectionRecord(
        kind=kind,
        source=EVERYBODY,
        corridor=None,
        provider=provider,
        quotes=sum(found.quotes.values()),
        quote_id=None,
        successor_id=None,
        reason=hand.reason,
    )
    corrections.append(connection, [told], dataset_version=number, recorded_at=version.committed_at)
    action = Action.PROVIDER_HIDDEN if is_hidden else Action.PROVIDER_SHOWN
    detail = {"quotes": told.quotes, "corridors": len(found.quotes), "dataset_version": number}
    log_act(connection, hand, action=action, subject=provider, detail=detail)
    return Visibility(dataset_version=number, name=found.name, quotes=found.quotes, is_new=True)
