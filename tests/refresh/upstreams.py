"""What three real sources answer, by their published shapes, with figures that follow from the simulated time."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from tests.refresh.replaying import Replay, Reply, ecb_daily, ecb_history

Clock = Callable[[], datetime]
DAY = "2026-11-23"
BEFORE = "2026-11-20"


def step(now: datetime, minutes: int) -> int:
    """Return which due instant of the day this is, from 0."""
    return (now.hour * 60 + now.minute) // minutes


def pound(number: int) -> str:
    """Return the pound's rate that the ECB answers at the due instant of this number."""
    return f"{Decimal('0.8700') + number * Decimal('0.0001'):f}"


def serve_ecb(replay: Replay, clock: Clock, minutes: int) -> None:
    history = ecb_history((BEFORE, {"GBP": "0.8700", "PHP": "69.266", "USD": "1.1520"}))

    def daily(_address: str) -> Reply:
        rates = {"GBP": pound(step(clock(), minutes)), "PHP": "69.300", "USD": "1.1525"}
        return Reply(ecb_daily((DAY, rates)), media_type="text/xml")

    replay.answers["/ecb/eurofxref-hist.zip"] = Reply(history, media_type="text/csv")
    replay.answers["/ecb/eurofxref-daily.xml"] = daily
    replay.answers["/ecb/eurofxref-hist-90d.xml"] = daily


def serve_frankfurter(replay: Replay) -> None:
    institutions = [
        {
            "key": key,
            "name": name,
            "country_code": country,
            "rate_type": "official",
            "pivot_currency": currency,
            "data_url": "https://example.org/",
            "publish_cadence": "daily",
        }
        for key, name, country, currency in (
            ("BNM", "Bank Negara Malaysia", "MY", "MYR"),
            ("SARB", "South African Reserve Bank", "ZA", "ZAR"),
        )
    ]

    def rates(address: str) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        quote = asked.get("quotes", "GBP")
        found = [{"date": BEFORE, "base": asked["base"], "quote": quote, "rate": 4.1234}]
        return Reply(json.dumps(found).encode())

    replay.answers["/frankfurter/providers"] = Reply(json.dumps(institutions).encode(), etag='"institutions"')
    replay.answers["/frankfurter/rates"] = rates


def serve_wise(replay: Replay, clock: Clock, minutes: int) -> None:
    def comparison(address: str) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        amount = Decimal(asked["sendAmount"])
        collected = clock().replace(minute=clock().minute // minutes * minutes, second=0, microsecond=0)
        quotes = [("wise", "Wise", Decimal(1), Decimal(0)), ("other", "Other Bank", Decimal(2), Decimal(2))]
        document = {
            "sourceCurrency": asked["sourceCurrency"],
            "targetCurrency": asked["targetCurrency"],
            "sourceCountry": asked["sourceCountry"],
            "targetCountry": asked["targetCountry"],
            "amount": float(amount),
            "amountType": "SEND",
            "providers": [
                {
                    "alias": alias,
                    "name": name,
                    "type": "moneyTransferProvider",
                    "quotes": [
                        {
                            "rate": float(80 - markup),
                            "fee": float(fee),
                            "dateCollected": f"{collected:%Y-%m-%dT%H:%M:%SZ}",
                            "sourceCountry": asked["sourceCountry"],
                            "targetCountry": asked["targetCountry"],
                            "markup": float(markup),
                            "receivedAmount": float((amount - fee) * (80 - markup)),
                            "sendAmount": float(amount),
                            "deliveryEstimation": None,
                            "isConsideredMidMarketRate": markup == 0,
                        }
                    ],
                }
                for alias, name, fee, markup in quotes
            ],
        }
        return Reply(json.dumps(document).encode())

    replay.answers["/wise/"] = comparison
    replay.answers["/wise"] = comparison
