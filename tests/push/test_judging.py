"""What is known around a pushed quote is found in the store, on both databases, and the rules are asked with it."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from app import reference
from app.db import reading, writing
from app.domain.partners import Partner, PartnerKind
from app.domain.vocabulary import ProviderType
from app.push.batch import Pushed, Pusher, read_batch, weigh
from app.store import providers, rates
from app.store.providers import Spelling
from tests.push.pushing import AGGREGATOR, NOW, PARTNER, body, item, known, pushed

ECB = ("ecb", "ecb", "European Central Bank", None, "EUR", None, None, None)
FIXED = (("2026-11-23", "GBP", "0.8726"), ("2026-11-23", "PHP", "69.266"), ("2026-11-23", "USD", "1.16"))
"""A pound is 79.379 pesos, a dollar 0.7522 pounds."""

FEES = [
    {"kind": "percent", "percent": 0},
    {"kind": "percent", "percent": 30},
    {"kind": "amount", "amount": 70, "at_amount": 150},
]


def fixed(engine: Engine) -> None:
    with writing(engine) as connection:
        rates.add_institutions(connection, [ECB], dataset_version=1)
        records = [("ecb", day, "EUR", currency, value) for day, currency, value in FIXED]
        rates.append(connection, records, import_id=1, dataset_version=1, recorded_at=NOW)


def rules(push: Pushed) -> list[dict[str, str]]:
    """Return what was found of each item: the verdict of each rule."""
    return [{finding.rule: finding.verdict.value for finding in one.findings} for one in push.items]


def test_a_rate_is_judged_by_the_reference_rate_of_when_it_was_observed(empty_engine: Engine) -> None:
    known(empty_engine)
    fixed(empty_engine)
    answer = pushed(
        empty_engine,
        [
            item(external_id="good"),
            item(external_id="dear", offered_rate="66"),
            item(external_id="wrong", offered_rate="7.71"),
            item(external_id="inverted", offered_rate="0.01297"),
            item(external_id="long-ago", observed_at="2026-11-10T09:00:00Z", valid_until=...),
        ],
    )
    assert rules(answer) == [
        {},
        {"margin-out-of-range": "flag"},
        {"margin-out-of-range": "quarantine"},
        {"inverted-rate": "reject"},
        {"observed-long-ago": "flag", "rate-unchecked": "flag"},
    ]
    assert [one.outcome.value for one in answer.items] == [
        "accepted",
        "accepted",
        "quarantined",
        "rejected",
        "accepted",
    ]


def test_a_fee_is_judged_at_about_two_hundred_dollars(empty_engine: Engine) -> None:
    known(empty_engine)
    fixed(empty_engine)
    dear = {
        "kind": "schedule",
        "bands": [{"from": 0, "fixed": 1}, {"from": 140, "fixed": 61}, {"from": 160, "fixed": 1}],
    }
    assert rules(pushed(empty_engine, [item(fee=dear)])) == [{"fee-against-amount": "quarantine"}]


def test_without_a_reference_rate_the_service_s_own_last_price_judges(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item()])
    later = "2026-11-24T10:00:00Z"
    answer = pushed(empty_engine, [item(offered_rate="7.71", observed_at=later)], public_id="imp_2")
    assert rules(answer) == [{"rate-jump": "quarantine"}]
    answer = pushed(empty_engine, [item(offered_rate="77.2", observed_at=later)], public_id="imp_3")
    assert rules(answer) == [{}]


def test_a_fee_with_a_lost_digit_waits(empty_engine: Engine) -> None:
    known(empty_engine)
    fixed(empty_engine)
    fee = {"kind": "amount", "amount": "19.90", "at_amount": 150}
    pushed(empty_engine, [item(fee=fee)])
    lost = {**fee, "amount": "1.99"}
    answer = pushed(empty_engine, [item(fee=lost, observed_at="2026-11-24T10:00:00Z")], public_id="imp_2")
    assert rules(answer) == [{"fee-jump": "quarantine"}]


def test_what_was_said_more_than_a_month_before_or_of_other_currencies_judges_nothing(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item(observed_at="2026-10-20T09:00:00Z", valid_until=...)])
    answer = pushed(empty_engine, [item(offered_rate="7.71")], public_id="imp_2")
    assert rules(answer) == [{"rate-unchecked": "flag"}]
    pounds = item(receiving_currency="USD", offered_rate="1.3", observed_at="2026-11-24T10:00:00Z")
    answer = pushed(empty_engine, [pounds], public_id="imp_3")
    assert rules(answer) == [{"currency-not-of-corridor": "flag", "rate-unchecked": "flag"}]


def test_the_same_quote_from_two_partners_is_kept_twice_and_the_second_is_flagged(empty_engine: Engine) -> None:
    other = Partner(id="other", name="Other", kind=PartnerKind.PROVIDER, providers=PARTNER.providers)
    known(empty_engine, PARTNER, other)
    fixed(empty_engine)
    pushed(empty_engine, [item()])
    answer = pushed(
        empty_engine,
        [item(external_id="mine"), item(external_id="else", offered_rate="77.2")],
        partner=other,
        public_id="imp_2",
    )
    assert rules(answer) == [{"same-as-another": "flag"}, {}]
    assert [one.outcome.value for one in answer.items] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("provider", "name", "expected"),
    [
        ("western-union", "Western Union", {}),
        ("westem-union", "Westem Union", {"look-alike-provider": "quarantine"}),
        ("new-name", "Western Uni0n", {"look-alike-provider": "quarantine"}),
        ("brand-new", "Brand New", {"unknown-provider": "quarantine"}),
        ("western-union", "A Name of My Own", {"renamed-provider": "quarantine"}),
        ("western-union", "Western Uni0n", {"renamed-provider": "quarantine"}),
    ],
)
def test_an_aggregator_s_provider_is_known_or_looked_at(
    empty_engine: Engine, provider: str, name: str, expected: dict[str, str]
) -> None:
    known(empty_engine, AGGREGATOR)
    fixed(empty_engine)
    with writing(empty_engine) as connection:
        providers.add_providers(connection, [("western-union", "Western Union")])
        providers.add_spellings(connection, [Spelling("rpw", "Western Union", "western-union")], dataset_version=1)
    named = item(provider=provider, provider_name=name, provider_type=ProviderType.MONEY_TRANSFER_OPERATOR.value)
    assert rules(pushed(empty_engine, [named], partner=AGGREGATOR)) == [expected]


def test_a_provider_that_only_a_private_source_names_is_as_unknown_as_any_other(empty_engine: Engine) -> None:
    known(empty_engine, AGGREGATOR)
    fixed(empty_engine)
    with writing(empty_engine) as connection:
        providers.add_providers(connection, [("secret-bank", "Secret Bank")])
        providers.add_spellings(connection, [Spelling("wise", "Secret Bank", "secret-bank")], dataset_version=1)
    asked = [("secret-bank", "Secret Bank"), ("secret-bnak", "Secret Bank"), ("other-id", "S3cret Bank")]
    named = [
        item(external_id=f"s{number}", provider=provider, provider_name=name, provider_type="bank")
        for number, (provider, name) in enumerate(asked)
    ]
    answer = pushed(empty_engine, named, partner=AGGREGATOR)
    assert rules(answer) == [{"unknown-provider": "quarantine"}] * 3
    assert not any("Did you mean" in finding.detail for one in answer.items for finding in one.findings)


def test_a_clock_that_is_a_day_ahead_is_named(empty_engine: Engine) -> None:
    known(empty_engine)
    tomorrow = (NOW + timedelta(days=1)).isoformat()
    answer = pushed(empty_engine, [item(observed_at=tomorrow, valid_until=...)])
    (finding,) = [one for one in answer.items[0].findings if one.rule == "observed-ahead"]
    assert "It is 1 day ahead of our clock." in finding.detail
    with reading(empty_engine) as connection:
        assert providers.names(connection) == {}


def test_what_quotes_of_a_batch_share_is_asked_once_and_answers_alike(empty_engine: Engine) -> None:
    known(empty_engine)
    fixed(empty_engine)
    chance = random.Random(7)
    items = [
        item(
            external_id=f"service-{number}",
            receiving_currency=chance.choice(["PHP", "USD", "KES"]),
            offered_rate=chance.choice(["77.1", "66", "7.71", "1.3", "90"]),
            observed_at=chance.choice(["2026-11-24T09:00:00Z", "2026-11-23T09:00:00Z", "2026-11-10T09:00:00Z"]),
            valid_until=chance.choice([..., "2026-11-24T11:00:00Z", "2027-11-24T11:00:00Z"]),
            min_amount=chance.choice([1, 100, 8000]),
            max_amount=chance.choice([..., 9000]),
            fee=chance.choice(FEES),
        )
        for number in range(120)
    ]
    by = Pusher(partner=PARTNER, key_id=None, request_id=None, now=NOW)
    geography = reference.load()
    together = weigh(empty_engine, read_batch(body(*items)), by=by, geography=geography)
    alone = [weigh(empty_engine, read_batch(body(one)), by=by, geography=geography)[0] for one in items]
    assert [one.findings for one in together] == [one.findings for one in alone]
    assert len({finding.rule for one in together for finding in one.findings}) > 8
