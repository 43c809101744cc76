"""Who may push quotes: partners, what their keys allow, and how their quotes are named among the sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.vocabulary import Evidence, ProviderType

SOURCE_PREFIX: Final = "partner-"
"""A partner's quotes are those of the source ``partner-<id>``."""


class PartnerKind(StrEnum):
    """A provider pushes its own prices, an aggregator those of others; the operator's own keys push none."""

    PROVIDER = "provider"
    AGGREGATOR = "aggregator"
    OPERATOR = "operator"


class KeyKind(StrEnum):
    """What a key is for: real quotes, the partner's own sandbox, or reading from apps that everybody can take apart."""

    LIVE = "live"
    TEST = "test"
    PUBLISHABLE = "pub"


class Scope(StrEnum):
    """What a key allows beside public reads."""

    QUOTES_WRITE = "quotes:write"
    QUOTES_REVIEW = "quotes:review"
    PRIVATE_READ = "private:read"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class GivenProvider:
    """A provider that a partner speaks for, as its quotes show it."""

    name: str
    type: ProviderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Who pushes; ``providers`` by id: those it speaks for, of an aggregator those it named before."""

    id: str
    name: str
    kind: PartnerKind
    plan: str = "standard"
    providers: Mapping[str, GivenProvider] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The key of the source that its quotes are of."""
        return SOURCE_PREFIX + self.id

    @property
    def evidence(self) -> Evidence:
        """What its quotes are worth beside those of others."""
        return Evidence.PARTNER if self.kind is PartnerKind.PROVIDER else Evidence.AGGREGATOR_ESTIMATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, once a key was found to be good: never the key itself."""

    key_id: str
    kind: KeyKind
    scopes: frozenset[Scope]
    partner: Partner
