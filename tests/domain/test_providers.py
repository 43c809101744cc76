"""One provider has one id however it is spelt, and nobody passes for another."""

import csv
import re
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidName
from app.domain.providers import provider_id, provider_name, suggest_providers

ALIASES = {"transfast": "Trans-Fast", "x press money": "Xpress Money"}
LABELS = Path(__file__).parents[2] / "app" / "sources" / "labels" / "rpw.toml"


@pytest.mark.parametrize(
    ("spelling", "slug"),
    [
        ("Multi Money Transfer", "multi-money-transfer"),
        ("MULTI  MONEY\ttransfer", "multi-money-transfer"),
        ("Trans-Fast", "trans-fast"),
        ("Trans Fast", "trans-fast"),
        ("Transfast", "trans-fast"),
        ("TRANSFAST ", "trans-fast"),
        ("X Press Money", "xpress-money"),
        ("Xpress Money", "xpress-money"),
        ("Santander Envíos", "santander-envios"),
        ("Santander Envi\u0301os", "santander-envios"),
        ("money2India (ICICI Bank)", "money2india-icici-bank"),
    ],
)
def test_spellings_of_one_name_have_one_id(spelling: str, slug: str) -> None:
    assert provider_id(spelling, ALIASES) == slug


def test_names_in_other_scripts_have_stable_ids_of_their_own() -> None:
    assert provider_id("Золотая Корона") == provider_id("золотая  корона") == "provider-5af9bc6da6"
    assert provider_id("西联汇款") != provider_id("速汇金")
    assert provider_id("Банк 24 UK").startswith("24-uk-")
    assert provider_id("Банк 24 UK") != provider_id("Bank 24 UK")


@given(st.text(max_size=60))
def test_an_id_fits_into_an_address_and_does_not_depend_on_the_form_of_the_text(name: str) -> None:
    try:
        slug = provider_id(name)
    except InvalidName:
        return
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert provider_id(unicodedata.normalize("NFD", name)) == slug
    assert provider_id(provider_name(name)) == slug


@pytest.mark.parametrize(
    "name",
    ["", "   ", "!!!", "\u200b", "Wise\u202e", "Wise\u200b", "a\x00b", "x" * 201, "a\ud800", "W\u0456se", "Ri\u0430",
     "M\u03bfneyGram", "soft\xadhyphen", "\ue000bank"],
)  # fmt: skip
def test_a_name_that_hides_or_pretends_something_is_refused(name: str) -> None:
    with pytest.raises(InvalidName) as refused:
        provider_id(name)
    assert refused.value.detail.isprintable()


def test_a_name_is_shown_composed_and_with_single_spaces() -> None:
    assert provider_name("  Santander\n Envi\u0301os ") == "Santander Envíos"


def test_the_invisible_joiner_of_persian_spelling_is_a_letter_of_it() -> None:
    assert provider_id("پست\u200cبانک") == provider_id("پست بانک")  # noqa: RUF001 -- Arabic letters are the case


def test_near_ids_are_suggested_beginnings_first() -> None:
    known = ["western-union", "wise", "moneygram", "money2india"]
    assert suggest_providers("Western", known) == ("western-union",)
    assert suggest_providers("money-gram", known)[0] == "moneygram"
    assert suggest_providers("money", known) == ("money2india", "moneygram")
    assert suggest_providers("", known) == ()


def test_the_sample_surveys_468_spellings_are_465_providers(shared_data: Path) -> None:
    spellings: set[str] = set()
    for file in ("rpw_2011_1Q_2013_3Q.csv", "rpw_2025_3Q_sample.csv"):
        with (shared_data / "rpw" / file).open(encoding="utf-8", newline="") as rows:
            spellings |= {row["firm"] for row in csv.DictReader(rows)}
    aliases = tomllib.loads(LABELS.read_text(encoding="utf-8"))["provider_alias"]
    assert len(spellings) == 468
    assert len({provider_id(spelling, aliases) for spelling in spellings}) == 465
