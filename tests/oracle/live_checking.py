"""Where a served live comparison differs from the computed one, as lines that a person can act on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction

from starlette.testclient import TestClient

from tests.oracle.checking import Answer, parsed
from tests.oracle.live import Offer, Price, Question, Ranking, freshness, price, rank
from tests.oracle.live_tariffs import Rates, Tariff, minor_units, significant, unit
from tests.oracle.survey import SPEED_ORDER

Key = tuple[str, ...]
LARGEST = 10**12  # where a tariff has no largest amount, the last that may be asked for


class Clock:
    """The product's clock, set by tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class World:
    """The product over a tariff file and a table of rates, with what the independent computation reads of both."""

    def __init__(self, client: TestClient, clock: Clock, tariffs: list[Tariff], rates: Rates) -> None:
        self.client, self.clock, self.rates = client, clock, rates
        self.corridors: dict[str, list[Tariff]] = {}
        for one in tariffs:
            self.corridors.setdefault(one.corridor, []).append(one)
        self.questions = self.offers = 0

    def ask(self, path: str, at: datetime, **parameters: str) -> Answer:
        self.clock.at = at
        return parsed(self.client.get(path, params=parameters).text)

    def compare(self, corridor: str, question: Question) -> Iterator[str]:
        """Yield every difference between the served comparison and the computed one."""
        members = self.corridors[corridor]
        answer = self.ask(f"/v1/corridors/{corridor}/comparison", question.at, **parameters(question, members[0]))
        expected = rank(members, self.rates, question)
        if "offers" not in answer:
            found = [str(answer.get("detail"))]
        else:
            self.questions += 1
            self.offers += len(answer["offers"])
            found = list(compared(answer, expected, question, self.rates))
        said = f"{corridor} {question.amount_is} {float(question.amount):.12g} at {question.at.isoformat()}"
        yield from (f"{said}: {line}" for line in found)


def written(amount: Fraction, currency: str) -> str:
    """An amount as a person writes it: digits and a point."""
    digits = minor_units(currency)
    whole = round(amount * 10**digits)
    return f"{whole // 10**digits}" + (f".{whole % 10**digits:0{digits}d}" if digits else "")


def parameters(question: Question, of: Tariff) -> dict[str, str]:
    """The question as HTTP asks it."""
    currency = of.receiving if question.amount_is == "received" else of.sending
    asked = {"basis": "live", "amount": written(question.amount, currency), "amount_is": question.amount_is}
    asked |= {"limit": "500", "expand": "excluded", "sending_currency": of.sending, "receiving_currency": of.receiving}
    return asked | ({"payment_instrument": ",".join(sorted(question.paying_with))} if question.paying_with else {})


def key_of(served: Answer) -> Key:
    lists = ("payment_instruments", "access_points", "receiving_methods")
    said = (served["provider"]["id"], served["transfer_speed"], served["customer"])
    return (*said, *(",".join(sorted(served[name])) for name in lists))


def compared(answer: Answer, expected: Ranking, question: Question, rates: Rates) -> Iterator[str]:
    served = {key_of(offer): offer for offer in answer["offers"]}
    computed = {offer.price.tariff.key: offer for offer in expected.offers}
    reasons = {key_of(one): one["reason"] for one in answer["excluded"]["offers"] or []}
    for key in sorted((computed.keys() | expected.excluded.keys()) ^ (served.keys() | reasons.keys())):
        yield f"{key} is served or computed, not both"
    for key in sorted(reasons.keys() | expected.excluded.keys()):
        if reasons.get(key) != expected.excluded.get(key):
            yield f"{key[0]} is served as {reasons.get(key)}, computed as {expected.excluded.get(key)}"
    for key in sorted(computed.keys() & served.keys()):
        yield from (f"{key[0]} {line}" for line in _offer(served[key], computed[key], question, rates))
    places = [(offer["rank"], SPEED_ORDER.index(offer["transfer_speed"])) for offer in answer["offers"]]
    if places != sorted(places):
        yield f"offers are not in the order of rank, then speed: {places}"
    yield from _fields(answer["summary"], expected.summary)
    said = {"basis": "live", "amount_is": question.amount_is} | _oldest(expected, question)
    if expected.offers:
        said |= {"ranked_by": expected.ranked_by}
    yield from _fields(answer, said)
    yield from _fields(answer["excluded"], {"counts": dict(expected.counts)})


def _oldest(expected: Ranking, question: Question) -> dict[str, object]:
    seen = [offer.price.tariff.observed_at for offer in expected.offers]
    return {"freshness": freshness(min(seen), question.at)} if seen else {}


def _fields(served: Answer, expected: Mapping[str, object]) -> Iterator[str]:
    for name, value in expected.items():
        if served[name] != value:
            yield f"{name}: served {_said(served[name])}, computed {_said(value)}"


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_said(one)}" for name, one in value.items()) + "}"
    return f"{float(value):.12g}" if isinstance(value, Fraction) else repr(value)


def _offer(served: Answer, computed: Offer, question: Question, rates: Rates) -> Iterator[str]:
    found = computed.price
    one = found.tariff
    said: dict[str, object] = {
        "rank": computed.rank,
        "tied": computed.tied,
        "rank_is_certain": True,
        "fee_mode": one.document["fee_mode"],
        "price_basis": found.basis,
        "observed_at": one.document["observed_at"],
        "valid_until": one.document.get("valid_until"),
        "freshness": freshness(one.observed_at, question.at),
        "sender_pays": money(found.sender_pays, one.sending),
        "principal": money(found.principal, one.sending),
        "recipient_gets": money(found.recipient_gets, one.receiving),
        "fee": money(found.fee, one.sending),
        "fee_percent": round(100 * found.fee / found.principal, 6),
        "tax": money(found.tax, one.sending) if one.is_taxed(question.at) else None,
        "offered_rate": significant(found.rate),
        "mid_market_rate": None if found.mid is None else significant(found.mid),
        "fx_margin_percent": _percent(found.margin),
        "total_cost_percent": _percent(found.total_percent),
        "total_cost_percent_low": _percent(found.total_percent),
        "total_cost_percent_high": _percent(found.total_percent),
        "total_cost": money(found.total_cost, one.sending),
        "cost_of_total_paid_percent": _percent(found.cost_of_total_paid),
        "services": 1,
        "other_observations": [],
    }
    yield from _fields(served, said)
    yield from _reasons(served)
    if set(served["cautions"]) != cautions(found):
        yield f"cautions: served {sorted(served['cautions'])}, computed {sorted(cautions(found))}"
    yield from _test(served["three_percent_test"], found, question, rates)


def _reasons(served: Answer) -> Iterator[str]:
    for name in ("recipient_gets", "total_cost_percent", "tax"):
        if (served[name] is None) != (served[f"{name}_reason"] is not None):
            yield f"{name} is {_said(served[name])} with the reason {served[f'{name}_reason']}"


def money(value: Fraction | None, currency: str) -> Answer | None:
    return None if value is None else {"amount": round(value, minor_units(currency)), "currency": currency}


def _percent(value: Fraction | None) -> Fraction | None:
    return None if value is None else round(value, 6)


def cautions(found: Price) -> set[str]:
    said = {"single_source"}
    if found.tax != 0:
        said.add("tax_applies")
    if found.margin is not None and found.margin < 0:
        said.add("better_than_mid_market_unexplained")
    return said


def _test(served: Answer, found: Price, question: Question, rates: Rates) -> Iterator[str]:
    total = found.total_percent
    said = {
        "meets_target": None if total is None else total < 3,
        "within_ceiling": None if total is None else total <= 5,
        "gap_percentage_points": _percent(None if total is None else total - 3),
        "official": False,
    }
    yield from (f"test {line}" for line in _fields(served, said))
    step = unit(found.tariff.sending)

    def below(principal: Fraction) -> bool:
        one = price(found.tariff, rates, Question(principal, "principal", question.at))
        return isinstance(one, Price) and one.total_percent is not None and one.total_percent < 3

    runs = served["meets_target_between"] or []
    if found.tariff.only_at is not None:
        known = found.tariff.principal(found.tariff.only_at)
        if runs != ([{"from": known, "to": known}] if below(known) else []):
            yield f"test says below 3 % in {_said(runs)}: only {_said(known)} is known"
        return
    for run in runs:
        start, end = run["from"], run["to"]
        ends = [below(start - step), below(start), below(end), below(end + step) and end < LARGEST]
        if ends != [False, True, True, False]:
            yield f"test says below 3 % from {_said(start)} to {_said(end)}: the ends are elsewhere"
    if round(found.principal / step) * step == found.principal:
        inside = any(run["from"] <= found.principal <= run["to"] for run in runs)
        if inside != below(found.principal):  # of several ways to change so much, the cheapest
            yield f"test at {_said(found.principal)}: meets_target_between is {inside}"


def wrong_switches(
    world: World, corridor: str, amount_is: str, at: datetime, **asked: str
) -> Iterator[tuple[str, bool]]:
    """Each served switch as a line, and whether the winners just before and at it are the computed ones."""
    members = world.corridors[corridor]
    one = members[0]
    path = f"/v1/corridors/{corridor}/cost-curve"
    curve = world.ask(path, at, basis="live", amount_is=amount_is, sending_currency=one.sending, **asked)
    keys = [key_of(service) for service in curve["services"]]
    currency = one.receiving if amount_is == "received" else one.sending
    step = unit(currency)
    for switch in curve["switches"] or []:
        sides = {switch["at"] - step: switch["before"], switch["at"]: switch["after"]}
        winners = [rank(members, world.rates, Question(amount, amount_is, at)).cheapest for amount in sides]
        said = [{keys[int(place)]} if place is not None else set() for place in sides.values()]
        right = all(a <= b and bool(a) == bool(b) for a, b in zip(said, winners, strict=True))
        line = f"{corridor} {amount_is} switches at {_said(switch['at'])} from {said[0]} to {said[1]}: {winners}"
        yield line, right
