"""The name that each provider is shown by: what the label files declare, else the first of its spellings."""

from collections.abc import Iterable
from functools import cache

from app.domain.providers import provider_id, provider_name
from app.sources.labels import label_file

_DECLARING = "rpw"


def shown_name(provider: str, spellings: Iterable[str]) -> str:
    """Return the name of a provider that has these spellings, at least one: whatever came when, it is the same.

    Spellings in mixed case come first, then they go by code point.
    """
    return _declared().get(provider) or min(spellings, key=_order)


@cache
def _declared() -> dict[str, str]:
    return {provider_id(name): provider_name(name) for name in label_file(_DECLARING).provider_alias.values()}


def _order(name: str) -> tuple[bool, str]:
    return name in {name.upper(), name.lower()}, name
