"""Partners are added and ended, and given the providers that they speak for: each act is in the audit log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.audit import Action, Detail
from app.domain.errors import InvalidParameter
from app.domain.key_errors import PartnerExists, UnknownPartner
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.providers import provider_id, provider_name
from app.domain.vocabulary import ProviderType
from app.store import audit, partners, providers


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts, as the audit log names it, and when."""

    actor: str
    now: datetime


def new_partner(  # noqa: PLR0913 - what a partner is
    connection: Connection,
    name: str,
    kind: PartnerKind,
    *,
    plan: str,
    spoken_for: Iterable[str] = (),
    provider_type: ProviderType,
) -> Partner:
    """Return a partner as it would be added; raise InvalidName, InvalidParameter or PartnerExists.

    ``spoken_for``: providers by name or id; one that is known here keeps the name that it is shown under.
    """
    shown = provider_name(name)
    partner = Partner(
        id=provider_id(shown),
        name=shown,
        kind=kind,
        plan=plan,
        providers=named_providers(connection, spoken_for, provider_type),
    )
    if kind is PartnerKind.PROVIDER and not partner.providers:
        raise InvalidParameter(parameter="--provider", expected="at least one provider that the partner speaks for")
    if kind is PartnerKind.OPERATOR and partner.providers:
        raise InvalidParameter(parameter="--provider", expected="none for an operator, whose keys push no quotes")
    if partners.exists(connection, partner.id):
        raise PartnerExists(partner=partner.id)
    return partner


def named_providers(
    connection: Connection, names: Iterable[str], provider_type: ProviderType
) -> dict[str, GivenProvider]:
    """Return providers by id, with the name that they are shown under here, or else the one given."""
    wanted = {provider_id(name): provider_name(name) for name in names}
    known = providers.names(connection) if wanted else {}
    return {key: GivenProvider(known.get(key, wanted[key]), provider_type) for key in sorted(wanted)}


def add_partner(connection: Connection, partner: Partner, by: By) -> None:
    """Add a partner with the providers that it speaks for."""
    partners.add(connection, partner, by.now)
    detail: Detail = {"kind": partner.kind.value, "plan": partner.plan, "providers": sorted(partner.providers)}
    audit.append(connection, at=by.now, actor=by.actor, action=Action.PARTNER_ADDED, subject=partner.id, detail=detail)


def end_partner(connection: Connection, partner: Partner, by: By) -> None:
    """End a partner: none of its keys is good any more. What it pushed stays, until somebody withdraws it."""
    partners.end(connection, partner.id, by.now)
    audit.append(connection, at=by.now, actor=by.actor, action=Action.PARTNER_ENDED, subject=partner.id, detail={})


def give_providers(connection: Connection, partner: Partner, given: Mapping[str, GivenProvider], by: By) -> None:
    """Let a partner speak for more providers; one that it spoke for before gets the type that is given."""
    partners.give(connection, partner.id, given)
    _changed(connection, partner, {"given": sorted(given)}, by)


def take_providers(connection: Connection, partner: Partner, taken: Iterable[str], by: By) -> None:
    """Let a partner speak no longer for providers; what it pushed of them stays, until somebody withdraws it."""
    ids = sorted(taken)
    partners.take(connection, partner.id, ids)
    _changed(connection, partner, {"taken": ids}, by)


def _changed(connection: Connection, partner: Partner, detail: Detail, by: By) -> None:
    audit.append(
        connection, at=by.now, actor=by.actor, action=Action.PARTNER_CHANGED, subject=partner.id, detail=detail
    )


def find_partner(connection: Connection, text: str) -> Partner:
    """Return a partner by name or id; raise UnknownPartner, which names those there are."""
    found = partners.find(connection, text) or partners.find(connection, _id_of(text))
    if found is None:
        raise UnknownPartner(text=text, known=tuple(partners.active_ids(connection)))
    return found


def _id_of(text: str) -> str:
    return provider_id(text) if text.strip() else ""
