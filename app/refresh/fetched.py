"""Which sources are fetched, and from where: as declared, or from the address that an operator named instead."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from app.domain.errors import SourceNotFetched, UnknownSource
from app.fetch import Policy
from app.settings import PREFIX, Settings, SettingsError
from app.sources.source import Fetching, Source, sources


def fetched_sources(settings: Settings) -> dict[str, Source]:
    """Return every source that is fetched, by key, with the settings' address in the place of its declared one.

    Raises SettingsError where the settings name a source that is not fetched, or an address that is none.
    """
    found = {key: source for key, source in sorted(sources().items()) if source.fetching is not None}
    unknown = sorted(settings.source_urls.keys() - found.keys())
    if unknown:
        raise SettingsError(
            f"{PREFIX}SOURCE_URLS: {', '.join(unknown)}: no source that is fetched. There is {', '.join(found)}."
        )
    return {key: _moved(source, settings.source_urls) for key, source in found.items()}


def fetched_source(settings: Settings, key: str) -> Source:
    """Return one source that is fetched; raises UnknownSource, SourceNotFetched or SettingsError."""
    found = fetched_sources(settings)
    if key in found:
        return found[key]
    if key in sources():
        raise SourceNotFetched(source=key, known=tuple(found))
    raise UnknownSource(text=key, known=tuple(found))


def check_fetching(settings: Settings) -> None:
    """Raise SettingsError where the settings cannot be used to fetch."""
    fetched_sources(settings)
    Policy.of(settings)


def declared(source: Source) -> Fetching:
    """Return how a source is fetched; raises SourceNotFetched where it is not."""
    if source.fetching is None:
        raise SourceNotFetched(source=source.key, known=())
    return source.fetching


def _moved(source: Source, urls: Mapping[str, str]) -> Source:
    """Return a source with another base address, whose host may then be asked and redirected to."""
    url = urls.get(source.key)
    if url is None:
        return source
    hostname = _hostname(url)
    if hostname is None:
        raise SettingsError(
            f"{PREFIX}SOURCE_URLS: the address of {source.key} must begin with https:// or http:// and name a host."
        )
    host = f"[{hostname}]" if ":" in hostname else hostname
    hosts = tuple(dict.fromkeys([*declared(source).hosts, host]))
    fetching = msgspec.structs.replace(declared(source), url=url, hosts=hosts)
    return msgspec.structs.replace(source, fetching=fetching)


def _hostname(url: str) -> str | None:
    """Return the host of an address of the web, null where it is none."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and parts.port != 0  # reading the port judges it
    except ValueError:
        return None
    return parts.hostname if is_web else None
