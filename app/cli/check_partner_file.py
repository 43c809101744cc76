"""``threepercent check-partner-file FILE``: what would become of a partner's file; nothing is stored."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import reference
from app.accounts import find_partner
from app.cli.failures import FAILED, fail
from app.db import open_engine, reading, upgrade
from app.domain.errors import InvalidParameter, listed, quoted
from app.domain.file_errors import SourceError
from app.domain.verdicts import Finding, Outcome, Verdict
from app.push.files import taken
from app.push.recording import Tally
from app.push.taking import PushedItem, Taking
from app.settings import Settings, read_settings
from app.sources.partner_files import FileFormat, PartnerFile

_ENDINGS = {".csv": FileFormat.CSV, ".ndjson": FileFormat.NDJSON, ".jsonl": FileFormat.NDJSON}
_SHOWN = 20
_SAID = {
    Outcome.ACCEPTED: "accepted",
    Outcome.DUPLICATE: "known already",
    Outcome.QUARANTINED: "would wait for a person",
    Outcome.REJECTED: "refused",
}
_FOUND = {
    Verdict.ACCEPT: "accepted",
    Verdict.FLAG: "flagged",
    Verdict.QUARANTINE: _SAID[Outcome.QUARANTINED],
    Verdict.REJECT: _SAID[Outcome.REJECTED],
}


def check_partner_file(
    file: Annotated[Path, typer.Argument(help="A file of quotes: .csv or .ndjson, also gzipped (.csv.gz).")],
    *,
    partner: Annotated[str, typer.Option(metavar="NAME", help="Whose file it is: a partner's name or id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Check a partner's file: each quote is read and judged as an import would, and nothing is stored.

    Ends with status 1 where something would be refused, or would wait for a person.
    """
    if not file.is_file():
        raise fail(f"There is no file {quoted(str(file), 200)}.", 2)
    settings = read_settings()
    tally, found = Tally(), list[tuple[int, PushedItem]]()
    try:
        for part in _judged(settings, file, partner):
            tally.add([item for item, _ in part])
            found += [(line, item) for item, line in part if item.findings]
    except SourceError as error:
        raise fail(f"{quoted(file.name, 80)[1:-1]}: {error.detail}") from None
    if as_json:
        typer.echo(json.dumps(_plain(tally, found), ensure_ascii=False, indent=2))
    else:
        _print(tally, found)
    if tally.outcomes[Outcome.REJECTED] or tally.outcomes[Outcome.QUARANTINED]:
        raise typer.Exit(FAILED)


def _judged(settings: Settings, file: Path, named: str) -> Iterator[list[tuple[PushedItem, int]]]:
    """Judge a file's items beside what is stored, part by part."""
    engine = open_engine(settings.database_url)
    try:
        upgrade(engine)
        with reading(engine) as connection, _opened(file, settings) as opened:
            partner = find_partner(connection, named)
            taking = Taking(
                connection,
                partner=partner,
                geography=reference.load(),
                import_id=None,
                now=datetime.now(UTC),
                is_sandbox=False,
            )
            yield from taken(opened, taking, is_kept=False)
    finally:
        engine.dispose()


@contextmanager
def _opened(file: Path, settings: Settings) -> Iterator[PartnerFile]:
    ending = Path(file.name.removesuffix(".gz")).suffix.lower()
    if ending not in _ENDINGS:
        raise InvalidParameter(parameter="FILE", expected=f"a name that ends with {listed(_ENDINGS)}, or one with .gz")
    size = file.stat().st_size
    if size > settings.import_bytes:
        raise fail(f"{quoted(file.name, 80)} has {size:,} bytes; at most {settings.import_bytes:,} are taken.")
    with closing(file.open("rb")) as received:
        yield PartnerFile(received, _ENDINGS[ending], size=size, most_bytes=settings.import_bytes)


def _print(tally: Tally, found: list[tuple[int, PushedItem]]) -> None:
    for line, item in found[:_SHOWN]:
        for finding in item.findings:
            typer.echo(f"line {line}{_named(item)}: {_FOUND[finding.verdict]}: {finding.detail}{_figures(finding)}")
    if len(found) > _SHOWN:
        typer.echo(f"and {len(found) - _SHOWN:,} more; --json lists all")
    for outcome in Outcome:
        typer.echo(f"{tally.outcomes[outcome]:>9,}  {_SAID[outcome]}")
    typer.echo("Nothing was stored.")


def _named(item: PushedItem) -> str:
    return f", {quoted(item.external_id, 40)[1:-1]}" if item.external_id else ""


def _figures(finding: Finding) -> str:
    figures = [f"{name} {quoted(text, 60)[1:-1]}" for name, text in _of(finding) if text is not None]
    return f" ({', '.join(figures)})" if figures else ""


def _of(finding: Finding) -> tuple[tuple[str, str | None], ...]:
    return ("at", finding.pointer or None), ("limit", finding.limit), ("found", finding.value)


def _plain(tally: Tally, found: list[tuple[int, PushedItem]]) -> dict[str, object]:
    return {
        "counts": {outcome.value: tally.outcomes[outcome] for outcome in Outcome},
        "items": [
            {
                "line": line,
                "external_id": item.external_id,
                "status": item.outcome.value,
                "findings": [
                    {
                        "rule": finding.rule,
                        "verdict": finding.verdict.value,
                        "pointer": finding.pointer,
                        "detail": finding.detail,
                        "limit": finding.limit,
                        "value": finding.value,
                    }
                    for finding in item.findings
                ],
            }
            for line, item in found
        ],
    }
