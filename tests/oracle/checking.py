"""Where a served comparison differs from the computed one, as lines that a person can act on."""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tests.oracle import figures
from tests.oracle.figures import Figures
from tests.oracle.prices import Price, meets_target_between
from tests.oracle.rankings import Offer, Question, Ranking
from tests.oracle.survey import SPEED_ORDER, Row, minor_units, plain

Answer = dict[str, Any]
LISTS = ("payment_instruments", "access_points", "receiving_methods", "cautions")


def parsed(text: str) -> Answer:
    """Return an answer with its numbers as exact fractions."""
    document = json.loads(text, parse_float=Fraction, parse_int=Fraction)
    assert isinstance(document, dict)
    return document


def parameters(question: Question, period: str) -> dict[str, str]:
    """The question as HTTP asks it."""
    amount = f"{float(question.amount):.2f}"
    asked = {"period": period, "amount": amount, "amount_is": question.amount_is, "limit": "500", "expand": "excluded"}
    return asked | {"sending_currency": question.currency} | dict(question.filters)


def compared(answer: Answer, expected: Ranking, rows_of: Mapping[str, str]) -> Iterator[str]:
    """Yield every difference between a served comparison and the computed one."""
    served = {_keys(offer, rows_of): offer for offer in answer["offers"]}
    computed = {frozenset(row.key for row in offer.rows): offer for offer in expected.offers}
    for missing in computed.keys() - served.keys():
        yield f"offer {sorted(missing)} is not served as one"
    for extra in served.keys() - computed.keys():
        yield f"offer {sorted(extra)} is served, not computed"
    for keys in computed.keys() & served.keys():
        yield from _offer(served[keys], computed[keys])
    yield from _order(answer["offers"])
    yield from _excluded(answer["excluded"], expected, rows_of)
    yield from _fields("summary", answer["summary"], _summary(expected))


def compared_figures(served: Answer, expected: Figures) -> Iterator[str]:
    """Yield every difference between a corridor's served figures and the computed ones."""
    yield from _fields(
        "figures",
        served,
        {
            "services": expected.services,
            "providers": expected.providers,
            "average_percent": round(expected.average, 6),
            "average_recomputed_percent": _percent(expected.shown_recomputed),
            "median_percent": round(expected.median, 6),
            "cheapest_percent": round(expected.cheapest, 6),
            "smart_estimate_percent": _percent(expected.smart),
            "smart_services_used": expected.smart_services_used,
            "sdg_status": expected.sdg_status,
            "comparable": expected.comparable,
        },
    )


def _keys(offer: Answer, rows_of: Mapping[str, str]) -> frozenset[str]:
    return frozenset(rows_of[quote] for quote in offer["quote_ids"])


def _percent(value: Fraction | None) -> Fraction | None:
    return None if value is None else round(value, 6)


def _fields(where: str, served: Answer, expected: Mapping[str, object]) -> Iterator[str]:
    for name, value in expected.items():
        if served[name] != value:
            yield f"{where} {name}: served {_said(served[name])}, computed {_said(value)}"


def _said(value: object) -> str:
    if isinstance(value, Fraction):
        return f"{float(value):.10g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_said(one)}" for name, one in value.items()) + "}"
    return "[" + ", ".join(map(_said, value)) + "]" if isinstance(value, list) else repr(value)


def _offer(served: Answer, computed: Offer) -> Iterator[str]:
    row = computed.row
    expected = _place(computed) | _service(row) | _price(computed.price, row.first.currency)
    expected["cautions"] = sorted(computed.cautions)
    shown = served | {name: sorted(served[name]) for name in LISTS}
    yield from _fields(f"offer {row.key}", shown, expected)
    if plain(served["provider"]["id"]) != row.provider:
        yield f"offer {row.key}: served provider {served['provider']['id']}, computed {row.provider}"
    if served["provider"]["type"] != row.provider_type:
        yield f"offer {row.key}: served type {served['provider']['type']}, computed {row.provider_type}"
    yield from _fields(f"offer {row.key} test", served["three_percent_test"], _test(computed))


def _place(computed: Offer) -> dict[str, object]:
    return {
        "rank": computed.rank,
        "tied": computed.tied,
        "rank_is_certain": not computed.overlaps,
        "tied_within_uncertainty": computed.overlaps,
        "services": computed.services,
    }


def _service(row: Row) -> dict[str, object]:
    return {
        "payment_instruments": sorted(row.paid_with),
        "access_points": sorted(row.access),
        "receiving_methods": sorted(row.received),
        "transfer_speed": row.speed,
        "network_coverage": row.coverage,
        "is_transparent": True,
        "observed_at": row.observed_at,
    }


def _price(price: Price, currency: str) -> dict[str, object]:
    return {
        "sender_pays": _money(price.sender_pays, currency),
        "principal": _money(price.principal, currency),
        "recipient_gets": None,
        "recipient_gets_reason": "rate_not_recorded",
        "fee": _money(price.fee, currency),
        "fee_mode": "on_top",
        "fee_percent": round(100 * price.fee / price.principal, 6),
        "fx_margin_percent": round(price.margin, 6),
        "fx_margin_status": price.margin_status,
        "cost_status": "suspect" if price.is_suspect else "consistent",
        "total_cost_percent": round(price.total_percent, 6),
        "total_cost_percent_low": round(price.total_percent if price.low is None else price.low, 6),
        "total_cost_percent_high": round(price.total_percent if price.high is None else price.high, 6),
        "total_cost": _money(price.total_cost, currency),
        "cost_of_total_paid_percent": round(price.cost_of_total_paid, 6),
        "price_basis": price.basis,
    }


def _money(value: Fraction, currency: str) -> Answer:
    return {"amount": round(value, minor_units(currency)), "currency": currency}


def _test(computed: Offer) -> dict[str, object]:
    price = computed.price
    return {
        "meets_target": price.total_percent < 3,
        "within_ceiling": price.total_percent <= 5,
        "gap_percentage_points": round(price.total_percent - 3, 6),
        "official": price.tiers == (0,),
        "meets_target_between": [{"from": a, "to": b} for a, b in meets_target_between(computed.row)],
    }


def _order(offers: list[Answer]) -> Iterator[str]:
    places = [(offer["rank"], SPEED_ORDER.index(offer["transfer_speed"])) for offer in offers]
    if places != sorted(places):
        yield f"offers are not in the order of rank, then speed: {places}"


def _excluded(served: Answer, expected: Ranking, rows_of: Mapping[str, str]) -> Iterator[str]:
    if served["counts"] != dict(expected.excluded):
        yield f"excluded counts: served {_said(served['counts'])}, computed {dict(expected.excluded)}"
    reasons = {key: one["reason"] for one in served["offers"] for key in _keys(one, rows_of)}
    at_least = {key: one["total_cost_at_least_percent"] for one in served["offers"] for key in _keys(one, rows_of)}
    for key, percent in expected.at_least.items():
        if at_least.get(key) != percent:
            yield f"row {key}: served as at least {_said(at_least.get(key))}, computed {_said(percent)}"
    for key in sorted(reasons.keys() | expected.reasons.keys()):
        if reasons.get(key) != expected.reasons.get(key):
            yield f"row {key}: served as {reasons.get(key)}, computed {expected.reasons.get(key)}"


def _summary(expected: Ranking) -> dict[str, object]:
    percents = expected.percents
    return {
        "offers": len(expected.offers),
        "services": expected.services,
        "providers": len({offer.row.provider for offer in expected.offers}),
        "cheapest_percent": round(min(percents), 6) if percents else None,
        "median_percent": round(figures.percentile(percents, Fraction(1, 2)), 6) if percents else None,
        "average_percent": round(figures.mean(percents), 6) if percents else None,
    }
