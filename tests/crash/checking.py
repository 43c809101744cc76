"""Does the database agree with what partners were told? Nothing acknowledged is lost, and nothing is there twice."""

from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from app.db import check_integrity, open_engine, reading
from app.store import idempotency, import_jobs, imports, live_quotes, quarantine, quotes
from tests.crash.ledger import SERVICES, Ledger


@dataclass
class Findings:
    """What is wrong: nothing, where every list is empty."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Say whether anything was found."""
        return bool(self.lost or self.twice or self.damaged)


def check_told(url: str, ledger: Ledger, keys: set[str]) -> Findings:
    """Check what was acknowledged under some keys, while files may still wait for their import."""
    findings = Findings(twice=list(ledger.differences))
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            for key in sorted(keys):
                sent, told = ledger.sent[key], ledger.told[key]
                run = imports.find_pushed(connection, told.import_id)
                if run is None:
                    is_waiting = sent.is_file and import_jobs.find(connection, told.import_id) is not None
                    findings.lost += [] if is_waiting else [f"{key}: its import"]
                    continue
                counted = connection.execute(
                    select(func.count()).select_from(quotes.quotes).where(quotes.quotes.c.import_id == run.id)
                ).scalar_one()
                if counted < sent.items:
                    findings.lost.append(f"{key}: {sent.items - counted} quotes")
                elif counted > sent.items:
                    findings.twice.append(f"{key}: {counted - sent.items} quotes")
    finally:
        engine.dispose()
    return findings


def check_all(url: str, ledger: Ledger) -> Findings:
    """Check everything, when every write was answered and every file imported."""
    findings = check_told(url, ledger, set(ledger.told))
    findings.lost += [f"{sent.key}: never answered" for sent in ledger.unanswered()]
    engine = open_engine(url)
    try:
        findings.damaged += check_integrity(engine)
        _count(engine, ledger, findings)
    finally:
        engine.dispose()
    return findings


def _count(engine: Engine, ledger: Ledger, findings: Findings) -> None:
    columns = quotes.quotes.c
    with reading(engine) as connection:
        stored = connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one()
        same = select(columns.source_key, columns.observed_at).group_by(columns.source_key, columns.observed_at)
        distinct = connection.execute(select(func.count()).select_from(same.subquery())).scalar_one()
        runs = connection.execute(
            select(func.count()).select_from(imports.imports).where(imports.imports.c.public_id.is_not(None))
        ).scalar_one()
        answers = connection.execute(select(func.count()).select_from(idempotency.idempotent_answers)).scalar_one()
        current = connection.execute(select(func.count()).select_from(live_quotes.live_quotes)).scalar_one()
        waiting = connection.execute(select(func.count()).select_from(quarantine.quarantined_quotes)).scalar_one()
        open_jobs = import_jobs.open_jobs(connection)
    expected = {
        "quotes": (stored, ledger.items),
        "different quotes": (distinct, ledger.items),
        "imports": (runs, len(ledger.sent)),
        "stored answers": (answers, len(ledger.sent)),
        "current quotes": (current, min(SERVICES, ledger.items)),
        "quotes in quarantine": (waiting, 0),
        "files that wait": (len(open_jobs), 0),
    }
    for what, (found, wanted) in expected.items():
        if found < wanted:
            findings.lost.append(f"{what}: {found} of {wanted}")
        elif found > wanted:
            findings.twice.append(f"{what}: {found} for {wanted}")
