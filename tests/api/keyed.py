"""Partners and keys for tests: one call adds a partner with a key, and gives the headers that a request needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from app.accounts import By, Maker, NewKey, add_partner, create_key, key_secret
from app.db import writing
from app.domain.key_rights import Rights, read_networks
from app.domain.partners import GivenProvider, KeyKind, Partner, PartnerKind, Scope
from app.domain.vocabulary import ProviderType
from app.settings import Settings

ACTOR = "cli:test"
BEFORE = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"""When partners and keys of tests are made, unless told: before anything that a test does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A partner with a key of its own."""

    partner: Partner
    made: NewKey = field(repr=False)

    @property
    def key(self) -> str:
        """The key, as it is sent."""
        return self.made.key.text

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this partner carries."""
        return {"Authorization": f"Bearer {self.key}"}


def partner_of(
    engine: Engine,
    name: str = "Example Transfer",
    kind: PartnerKind = PartnerKind.PROVIDER,
    providers: Iterable[str] = ("example-transfer",),
    at: datetime = BEFORE,
) -> Partner:
    """Add a partner that speaks for providers, by id, and return it."""
    given = {
        key: GivenProvider(key.replace("-", " ").title(), ProviderType.MONEY_TRANSFER_OPERATOR)
        for key in (providers if kind is PartnerKind.PROVIDER else ())
    }
    partner = Partner(id=name.lower().replace(" ", "-"), name=name, kind=kind, providers=given)
    with writing(engine) as connection:
        add_partner(connection, partner, By(actor=ACTOR, now=at))
    return partner


def key_of(  # noqa: PLR0913 - what a key is
    engine: Engine,
    settings: Settings,
    partner: Partner,
    *scopes: Scope,
    kind: KeyKind = KeyKind.LIVE,
    networks: Iterable[str] = (),
    expires_at: datetime | None = None,
    at: datetime = BEFORE,
) -> Keyed:
    """Create a key of a partner."""
    rights = Rights(kind=kind, scopes=frozenset(scopes), networks=read_networks(networks), expires_at=expires_at)
    by = Maker(actor=ACTOR, now=at, secret=key_secret(settings))
    with writing(engine) as connection:
        return Keyed(partner=partner, made=create_key(connection, partner, rights, "", by))
