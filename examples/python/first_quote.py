"""Push a first quote into your sandbox, and see where it ranks: docs/partners/first-quote.md goes through it."""

import os
from datetime import UTC, datetime
from decimal import Decimal

from threepercent_client import Client, QuoteIn

client = Client(os.environ["TP_URL"], os.environ["TP_KEY"])

quote: QuoteIn = {
    "external_id": "GBPPHP-cash-agent",
    "provider": "example-transfer",
    "corridor": "GBR-PHL",
    "sending_currency": "GBP",
    "receiving_currency": "PHP",
    "payment_instruments": ["cash"],
    "access_points": ["agent"],
    "receiving_methods": ["cash"],
    "transfer_speed": "under_1_hour",
    "customer": "returning",
    "fee_mode": "on_top",
    "fee": {"kind": "percent", "percent": Decimal("0.5")},
    "offered_rate": Decimal("72.9"),
    "observed_at": datetime.now(UTC).isoformat(timespec="seconds"),
}

rehearsed = client.push_quotes({"quotes": [quote]}, dry_run=True)["quotes"][0]
print("It would be", rehearsed["outcome"], "and rank", rehearsed["preview"] and rehearsed["preview"]["rank"])

pushed = client.push_quotes({"quotes": [quote]})["quotes"][0]
print("It is", pushed["outcome"], "with the id", pushed["quote_id"])

compared = client.comparison("GBR-PHL", amount=120)
offer = next(each for each in compared["offers"] if pushed["quote_id"] in each["quote_ids"])
print("It ranks", offer["rank"], "of", compared["summary"]["offers"], "at", offer["total_cost_percent"], "%")
