"""The ECB's files: kept digit for digit, gaps stay gaps, and what cannot be is refused with its place."""

import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.file_errors import FileTooLarge, SourceError, UnreadableFile, WrongLayout
from app.sources import demo_rates, ecb, fixings
from app.sources.source import Ask, Doubt, FixingRecord, Known, RateReading, sources

ECB = sources()["ecb"]
TABLE = "Date,USD,JPY,\n2024-06-28,1.0705,171.94,\n2024-06-27,1.0696,N/A,\n"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<Envelope xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>\n'


def read(body: bytes | str) -> RateReading:
    return ecb.read(ECB, Ask("history", ""), body.encode() if isinstance(body, str) else body)


def xml(*cubes: str) -> str:
    return f"{HEAD}{''.join(cubes)}</Cube></Envelope>"


def day(text: str, *rates: tuple[str, str]) -> str:
    inside = "".join(f"<Cube currency='{currency}' rate='{rate}'/>\n" for currency, rate in rates)
    return f"<Cube time='{text}'>\n{inside}</Cube>"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return target.getvalue()


def values(reading: RateReading) -> dict[tuple[str, str], str]:
    return {(record.day, record.quote): record.value for record in reading.fixings}


def codes(reading: RateReading) -> list[tuple[str, str]]:
    return [(doubt.place, doubt.code) for doubt in reading.refused]


# ---------------------------------------------------------------- what is read


def test_the_history_is_read_in_the_published_direction_and_its_gaps_stay_gaps() -> None:
    reading = read(TABLE)
    assert reading.fixings == [
        FixingRecord("ecb", "2024-06-28", "EUR", "USD", "1.0705"),
        FixingRecord("ecb", "2024-06-28", "EUR", "JPY", "171.94"),
        FixingRecord("ecb", "2024-06-27", "EUR", "USD", "1.0696"),
    ]
    assert reading.counts == {"not_published": 1}
    assert reading.refused == []
    assert [(one.key, one.pivot_currency) for one in reading.institutions] == [("ecb", "EUR")]


def test_the_whole_history_is_read_as_an_independent_count_finds_it(shared_data: Path) -> None:
    body = (shared_data / "fx" / "eurofxref-hist.csv").read_bytes()
    lines = body.decode().split("\n")
    header = lines[0].split(",")[1:-1]
    cells = [
        (row.split(",")[0], currency, cell)
        for row in lines[1:]
        if row
        for currency, cell in zip(header, row.split(",")[1:], strict=False)
    ]
    published = {(day, currency): Decimal(cell) for day, currency, cell in cells if cell != "N/A"}
    reading = read(body)
    assert {key: Decimal(value) for key, value in values(reading).items()} == published
    assert reading.counts["not_published"] == sum(cell == "N/A" for _, _, cell in cells) == len(cells) - len(published)
    assert len({record.day for record in reading.fixings}) == 3839
    assert {record.quote for record in reading.fixings} == {currency for _, currency in published}
    assert reading.refused == []


def test_the_daily_file_and_the_history_say_the_same(shared_data: Path) -> None:
    daily = values(read((shared_data / "fx" / "eurofxref-daily_2024-06-28.xml").read_bytes()))
    history = values(read((shared_data / "fx" / "eurofxref-hist.csv").read_bytes()))
    assert len(daily) == 30
    assert daily == {key: value for key, value in history.items() if key[0] == "2024-06-28"}


@pytest.mark.parametrize(("given", "kept"), [("395.10", "395.1"), ("0.84638", "0.84638"), ("172", "172")])
def test_two_spellings_of_one_number_are_one_number(given: str, kept: str) -> None:
    assert values(read(xml(day("2024-06-28", ("HUF", given)))))["2024-06-28", "HUF"] == kept


def test_the_zip_holds_what_the_table_holds() -> None:
    assert read(zipped(("eurofxref-hist.csv", TABLE.encode()))) == read(TABLE)


def test_several_days_in_one_document_are_read() -> None:
    reading = read(xml(day("2024-06-28", ("USD", "1.07")), day("2024-06-27", ("USD", "1.06"))))
    assert values(reading) == {("2024-06-28", "USD"): "1.07", ("2024-06-27", "USD"): "1.06"}


def test_invented_rates_are_read_only_as_what_they_are() -> None:
    marked = "Date,USD,synthetic\n2026-11-20,1.1,yes\n"
    demo = sources()["demo_rates"]
    reading = demo_rates.read(demo, Ask("file", ""), marked.encode())
    assert reading.fixings == [FixingRecord("demo_fixing", "2026-11-20", "EUR", "USD", "1.1")]
    with pytest.raises(WrongLayout, match="synthetic"):
        read(marked)
    with pytest.raises(WrongLayout, match="synthetic"):
        demo_rates.read(demo, Ask("file", ""), TABLE.encode())
    with pytest.raises(SourceError, match="line 2"):
        demo_rates.read(demo, Ask("file", ""), marked.replace("yes", "no").encode())


# ---------------------------------------------------------------- what is refused, each with its place


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("0", "not-positive"),
        ("0.000", "not-positive"),
        ("-1.07", "not-positive"),
        ("1,07", "not-a-rate"),
        ("1e999", "not-a-rate"),
        ("1e-20", "not-a-rate"),
        ("NaN", "not-a-rate"),
        ("1" * 5000, "not-a-rate"),
        ("1.0705123456789012345", "not-a-rate"),
        ("10000000000000", "not-a-rate"),
        ("\uff11.07", "not-a-rate"),
        ("..", "not-positive"),
    ],
)
def test_a_cell_that_can_be_no_rate_is_refused_and_the_rest_is_kept(cell: str, code: str) -> None:
    reading = read(xml(day("2024-06-28", ("USD", cell), ("GBP", "0.84638"))))
    assert codes(reading) == [("line 4, USD", code)]
    assert reading.refused[0].given == cell[:100]
    assert values(reading) == {("2024-06-28", "GBP"): "0.84638"}
    quoted = f'"{cell}"' if "," in cell else cell
    table = read(f"Date,USD,GBP,\n2024-06-28,{quoted},0.84638,\n")
    assert codes(table) == [("line 2, column USD", code)]
    assert values(table) == values(reading)


def test_a_currency_that_nobody_knows_is_refused_once_and_what_is_no_money_is_counted() -> None:
    reading = read("Date,USD,QQQ,XAU,\n2024-06-28,1.07,5,2000,\n2024-06-27,1.07,5,2000,\n")
    assert codes(reading) == [('column "QQQ"', "unknown-currency")]
    assert reading.counts == {"not_a_currency": 1}
    assert len(reading.fixings) == 2


@pytest.mark.parametrize("text", ["2024-02-30", "28 June 2024", "0000-01-01", "20240628", "2024-6-8", "9999-01-01"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    reading = read(f"Date,USD,\n{text},1.07,\n2024-06-27,1.06,\n")
    assert codes(reading) == [("line 2", "not-a-day")]
    assert len(reading.fixings) == 1


def test_a_row_of_another_width_and_a_day_that_comes_twice_are_refused() -> None:
    reading = read("Date,USD,JPY,\n2024-06-28,1.07\n2024-06-27,1.06,170,\n2024-06-27,1.99,170,\n")
    assert codes(reading) == [
        ("line 2", "wrong-width"),
        ("line 4, column USD", "given-twice"),
        ("line 4, column JPY", "given-twice"),
    ]
    assert values(reading)["2024-06-27", "USD"] == "1.06"


def test_a_file_of_which_nothing_can_be_used_fails_and_tells_the_first_reason() -> None:
    with pytest.raises(SourceError, match=r"not one of its 2 rates.*line 4, USD: a rate is more than 0"):
        read(xml(day("2024-06-28", ("USD", "0"), ("GBP", "-1"))))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", WrongLayout),
        (b"Dear Sir or Madam", WrongLayout),
        (b"<html><body>Sorry</body></html>", WrongLayout),
        (b"<!DOCTYPE html><html></html>", UnreadableFile),
        (b"<Envelope><Cube><Cube time='2024-06-28'>", UnreadableFile),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', UnreadableFile),
        (xml().encode(), WrongLayout),
        (xml(day("2024-06-28")).encode(), SourceError),
        (xml("<Cube currency='USD' rate='1'/>").encode(), WrongLayout),
        (xml("<Cube time='2024-06-28'><Cube currency='USD' value='1.07'/></Cube>").encode(), WrongLayout),
        (xml("<Cube time='2024-06-28'><Cube code='USD' value='1.07'/></Cube>").encode(), WrongLayout),
        (xml("<a>" * 20 + "</a>" * 20).encode(), WrongLayout),
        (b"Date,USD,\n", SourceError),
        (b"Day,USD,\n2024-06-28,1.07,\n", WrongLayout),
        (b"Date,USD,USD,\n2024-06-28,1.07,1.08,\n", WrongLayout),
        (b"Date,USD,,GBP\n2024-06-28,1.07,,0.8\n", WrongLayout),
        (b"Date,\n2024-06-28,\n", WrongLayout),
        ("Date,USD,\n2024-06-28,1.07,\n".encode("utf-16"), UnreadableFile),
        (b"Date,USD,\n2024-06-28,\xff,\n", UnreadableFile),
        (b'Date,USD,\n2024-06-28,"1.07,\n', UnreadableFile),
        (b"PK\x03\x04garbage", UnreadableFile),
        (zipped(("a.csv", TABLE.encode()), ("b.csv", TABLE.encode())), UnreadableFile),
        (zipped(), UnreadableFile),
        (zipped(("a.csv", TABLE.encode()), method=zipfile.ZIP_BZIP2), UnreadableFile),
        (zipped(("a.csv", TABLE.encode()))[:-30], UnreadableFile),
        (zipped(("a.csv", b"Date," + b"0" * (33 * 2**20))), FileTooLarge),
    ],
)
def test_a_file_that_is_something_else_is_refused_as_a_whole(body: bytes, kind: type[SourceError]) -> None:
    with pytest.raises(kind):
        read(body)


def test_a_file_with_more_rates_than_anybody_published_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixings, "MOST_RATES", 3)
    assert len(read(TABLE).fixings) == 3
    with pytest.raises(FileTooLarge, match="more than 3 rates"):
        read(TABLE.replace("N/A", "170"))
    with pytest.raises(FileTooLarge, match="more than 3 rates"):
        read(TABLE.replace("N/A", "none"))


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + xml(day("2024-06-28", ("USD", "1")))
    with pytest.raises(UnreadableFile, match="declares"):
        read(bomb.replace('<?xml version="1.0" encoding="UTF-8"?>\n', ""))


def test_what_was_given_is_kept_short() -> None:
    (doubt,) = read(xml(day("2024-06-28", ("USD", "9" * 5000), ("GBP", "1")))).refused
    assert isinstance(doubt, Doubt)
    assert len(doubt.given) == 100


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_read_or_refused(body: bytes) -> None:
    for start in (b"", b"<", b"PK\x03\x04", b"Date,USD,\n"):
        try:
            reading = read(start + body)
        except SourceError:
            continue
        assert reading.fixings or reading.counts


# ---------------------------------------------------------------- what is asked


def asked(today: str, newest: str | None) -> list[tuple[str, str]]:
    known = Known(today=today, newest_fixings=() if newest is None else (("ecb", newest), ("boc", "1999-01-01")))
    return [(ask.target, ask.url.rpartition("/")[2]) for ask in ecb.asks(ECB, known)]


@pytest.mark.parametrize(
    ("today", "newest", "target", "file"),
    [
        ("2026-11-24", None, "history", "eurofxref-hist.zip"),
        ("2026-11-24", "2026-11-23", "daily", "eurofxref-daily.xml"),
        ("2026-11-24", "2026-11-24", "daily", "eurofxref-daily.xml"),
        ("2026-11-23", "2026-11-20", "daily", "eurofxref-daily.xml"),
        ("2026-11-24", "2026-11-20", "last_90_days", "eurofxref-hist-90d.xml"),
        ("2026-04-07", "2026-04-02", "daily", "eurofxref-daily.xml"),
        ("2026-11-24", "2026-09-20", "last_90_days", "eurofxref-hist-90d.xml"),
        ("2026-11-24", "2026-08-20", "history", "eurofxref-hist.zip"),
        ("2026-11-24", "2027-01-01", "daily", "eurofxref-daily.xml"),
    ],
)
def test_the_smallest_file_that_leaves_no_gap_is_asked_for(
    today: str, newest: str | None, target: str, file: str
) -> None:
    assert asked(today, newest) == [(target, file)]


@given(st.integers(0, 200))
def test_no_publication_day_is_ever_left_out(age: int) -> None:
    today = date(2026, 11, 24)
    ((target, _),) = asked(today.isoformat(), (today - timedelta(days=age)).isoformat())
    assert age <= {"daily": 4, "last_90_days": 80, "history": 200}[target]
