"""``threepercent probe SOURCE``: the live check of a source for those who write or mend its adapter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.failures import fail
from app.cli.fetch import nothing_to_ask, read_corridors, utc_now, wait
from app.cli.output import UNKNOWN, Column, console, figure, name, put, words
from app.db import DatabaseError, check_schema, instant, open_engine, reading
from app.domain.errors import InvalidParameter, SourceNotFetched, listed, quoted
from app.domain.terms import AmountFee, PercentFee, Terms, terms_from
from app.fetch import Received
from app.ingest.answer_files import FILE, ask_of, says_its_target
from app.ingest.answers import adapter_of
from app.refresh import fetched_source, fetched_sources, known_to, pairs_of, request_for, surroundings
from app.settings import Settings, read_settings
from app.sources.source import Ask, Doubt, FixingRecord, Known, LiveReading, LiveRecord, RateReading, Source, sources
from app.store import corridors as stored_corridors

SHOWN_RECORDS = 10
SHOWN_REFUSED = 20


def probe(
    source: Annotated[str, typer.Argument(help="Which source; threepercent sources lists them.")],
    *,
    corridor: Annotated[
        list[str] | None, typer.Option(help="Ask for this corridor, such as GBR-PHL; may be given several times.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Which of the calls to make; the first unless told.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Read this recorded answer instead of asking; --target or --corridor says to what."
        ),
    ] = None,
) -> None:
    """Ask a source once and show what comes; nothing is stored.

    Shows what would be asked, what came, its first records in our words, and what was refused, with its place.
    """
    settings = read_settings()
    found = _source(settings, source, is_file=file is not None)
    known = _known(settings, found, corridor or [])
    asks = adapter_of(found).asks(found, known)
    out = console()
    if file is not None:
        body = _bytes(file)
        chosen = _of_file(found, asks, target, known if corridor else None, body)
        out.print(f"Read {file.name}, {len(body):,} bytes, as the answer to {chosen.target}", soft_wrap=True)
    else:
        chosen = _chosen(found, asks, target)
        out.print(f"{chosen.target}  {chosen.url}", soft_wrap=True)
        if len(asks) > 1:
            out.print(f"This is one of {len(asks):,} calls; --target chooses another.")
        out.print("")
        received = _asked(settings, found, chosen)
        body = received.body
        out.print(f"Asked {chosen.target}: {_came(received)}", soft_wrap=True)
    came = adapter_of(found).read(found, chosen, body)
    out.print("")
    _show(out, came)


def _source(settings: Settings, key: str, *, is_file: bool) -> Source:
    """Return a source that is fetched, or with a file one whose records come as answers do."""
    known = sources()
    if is_file and key in known and key not in fetched_sources(settings):
        if known[key].kind == "survey":
            raise SourceNotFetched(source=key, known=tuple(fetched_sources(settings)))
        return known[key]
    return fetched_source(settings, key)


def _known(settings: Settings, source: Source, corridors: list[str]) -> Known:
    """Return what the adapter may know: from the database where there is one, else only what was named."""
    today = utc_now().date()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        with reading(engine) as connection:
            wanted = read_corridors(source, corridors, stored_corridors.ids(connection))
            return known_to(connection, source, today, wanted)
    except DatabaseError as error:
        typer.echo(f"Without a database: {error}", err=True)
        pairs = tuple(pairs_of(read_corridors(source, corridors, []), today))
        return Known(today=today.isoformat(), pairs=pairs)
    finally:
        engine.dispose()


def _chosen(source: Source, asks: list[Ask], target: str | None) -> Ask:
    if not asks:
        raise fail(nothing_to_ask(source))
    if target is None:
        return asks[0]
    found = next((ask for ask in asks if ask.target == target), None)
    if found is None:
        raise InvalidParameter(
            parameter="--target", expected=f"one of {listed(ask.target for ask in asks)}", given=target
        )
    return found


def _of_file(source: Source, asks: list[Ask], target: str | None, named: Known | None, body: bytes) -> Ask:
    """Return what a recorded answer is held to be the answer to: what was named, else what it says itself.

    ``named``: what was known of the corridors that were named, null where none was.
    """
    itself = ask_of(source.key, body, utc_now())
    if target is not None:
        return itself._replace(target=target) if says_its_target(source.key, target) else _chosen(source, asks, target)
    if named is None:
        return asks[0] if source.kind == "rates" and itself.target == FILE and asks else itself
    if len(named.pairs) != 1:
        raise InvalidParameter(parameter="--corridor", expected="one corridor: a file is one answer")
    corridor, sending, receiving = named.pairs[0]
    wanted = {"corridor": corridor, "sending_currency": sending, "receiving_currency": receiving}
    return itself._replace(target=f"{corridor}/{sending}-{receiving}", wanted=(*itself.wanted, *wanted.items()))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise fail(f"{quoted(str(file), 200)} cannot be read: {error.strerror}.", 2) from None


def _asked(settings: Settings, source: Source, ask: Ask) -> Received:
    """Make one call, whatever the breakers say: somebody wants to see what comes now."""
    engine = open_engine(settings.database_url)  # connects to nothing
    world = surroundings(settings, engine, clock=utc_now, wait=wait, breakers={})
    return world.get(request_for(source, ask))


def _came(received: Received) -> str:
    said = {
        "media type": received.media_type,
        "charset": received.charset,
        "ETag": received.etag,
        "Last-Modified": received.last_modified,
    }
    parts = [
        f"status {received.status}",
        f"{len(received.body):,} bytes ({received.received_bytes:,} over the wire)",
        f"{received.seconds:.2f} s",
        f"{received.attempts} attempt{'s' if received.attempts > 1 else ''}",
        *(f"{what} {quoted(text, 80)[1:-1]}" for what, text in said.items() if text),
    ]
    return ", ".join(parts)


def _show(out: Any, found: RateReading | LiveReading) -> None:  # noqa: ANN401 - rich's console, loaded late
    if isinstance(found, RateReading):
        out.print(f"{len(found.fixings):,} rates of {len(found.institutions):,} institutions")
        newest = sorted(found.fixings, key=lambda fixing: fixing.day, reverse=True)[:SHOWN_RECORDS]
        columns = [name("Institution"), Column("Day"), Column("1"), figure("="), Column("of")]
        rows: list[tuple[str, ...]] = [_rate(fixing) for fixing in newest]
    else:
        out.print(f"{len(found.quotes):,} quotes, complete for {', '.join(found.scopes) or 'nothing'}", soft_wrap=True)
        for what, count in sorted(found.counts.items()):
            out.print(f"  {what.replace('_', ' ')}: {count:,}")
        columns = [
            name("Provider"),
            Column("Corridor"),
            figure("Amount"),
            figure("Fee"),
            figure("Rate"),
            Column("Observed"),
            Column("Paid by", 1),
            Column("Received as", 2),
            Column("Speed", 3),
        ]
        rows = [_quote(quote) for quote in found.quotes[:SHOWN_RECORDS]]
    if rows:
        put(out, columns, rows)
    for line in _refused(found.refused):
        out.print(line, soft_wrap=True)


def _rate(fixing: FixingRecord) -> tuple[str, ...]:
    return fixing.institution, fixing.day, fixing.base, fixing.value, fixing.quote


def _quote(quote: LiveRecord) -> tuple[str, ...]:
    terms, service = terms_from(quote.terms), quote.service
    amount = format(terms.fee.at_amount, "f") if isinstance(terms.fee, AmountFee) else UNKNOWN
    return (
        quoted(service.provider_name, 40)[1:-1],
        quote.corridor,
        f"{amount} {quote.sending_currency}",
        _fee(terms),
        f"{terms.rates[0].rate:f} {quote.receiving_currency}" if terms.rates else UNKNOWN,
        f"{instant(quote.observed_at):%Y-%m-%d %H:%M}",
        words(service.payment_instruments),
        words(service.receiving_methods),
        words([service.transfer_speed]),
    )


def _fee(terms: Terms) -> str:
    if isinstance(terms.fee, AmountFee):
        return format(terms.fee.amount, "f")
    return f"{terms.fee.percent:f} %" if isinstance(terms.fee, PercentFee) else "a schedule"


def _refused(doubts: list[Doubt]) -> Iterator[str]:
    if doubts:
        yield f"{len(doubts):,} refused"
    for doubt in doubts[:SHOWN_REFUSED]:
        yield f"  {quoted(doubt.place, 80)[1:-1]}: {doubt.reason} (given {quoted(doubt.given)})"
    if len(doubts) > SHOWN_REFUSED:
        yield f"  and {len(doubts) - SHOWN_REFUSED:,} more"
