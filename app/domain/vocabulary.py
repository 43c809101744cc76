"""The words of the field, as the code, the API and the database spell them (METHODOLOGY, Vocabulary)."""

from enum import StrEnum


class ProviderType(StrEnum):
    """What kind of remittance service provider (RSP) offers a service."""

    BANK = "bank"
    MONEY_TRANSFER_OPERATOR = "money_transfer_operator"
    MOBILE_OPERATOR = "mobile_operator"
    POST_OFFICE = "post_office"
    NON_BANK_FI = "non_bank_fi"
    CREDIT_UNION = "credit_union"
    BUILDING_SOCIETY = "building_society"
    TRAVEL_MONEY = "travel_money"
    UNKNOWN = "unknown"


class PaymentInstrument(StrEnum):
    """What the sender pays with."""

    CASH = "cash"
    BANK_ACCOUNT = "bank_account"
    DEBIT_CARD = "debit_card"
    CREDIT_CARD = "credit_card"
    MOBILE_MONEY = "mobile_money"
    OTHER = "other"
    UNKNOWN = "unknown"


class AccessPoint(StrEnum):
    """Where the sender reaches the service."""

    AGENT = "agent"
    BANK_BRANCH = "bank_branch"
    BRANCH = "branch"
    POST_OFFICE = "post_office"
    INTERNET = "internet"
    MOBILE_PHONE = "mobile_phone"
    CALL_CENTER = "call_center"
    UNKNOWN = "unknown"


class ReceivingMethod(StrEnum):
    """How the receiver gets the money."""

    CASH = "cash"
    BANK_ACCOUNT = "bank_account"
    MOBILE_WALLET = "mobile_wallet"
    CARD = "card"
    HOME_DELIVERY = "home_delivery"
    ATM = "atm"
    UNKNOWN = "unknown"


class TransferSpeed(StrEnum):
    """How soon the money is there, fastest first and ``unknown`` last: the order of declaration."""

    UNDER_1_HOUR = "under_1_hour"
    SAME_DAY = "same_day"
    NEXT_DAY = "next_day"
    TWO_DAYS = "2_days"
    THREE_TO_FIVE_DAYS = "3_5_days"
    SIX_DAYS_OR_MORE = "6_days_or_more"
    UNKNOWN = "unknown"

    @property
    def place(self) -> int:
        """The place in the order, 0 for the fastest."""
        return _SPEED_PLACES[self]


_SPEED_PLACES = {speed: place for place, speed in enumerate(TransferSpeed)}


class NetworkCoverage(StrEnum):
    """How far the provider's network reaches in the receiving country."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NATIONWIDE = "nationwide"
    MAJOR_CITIES = "major_cities"
    MAIN_CITY = "main_city"
    URBAN = "urban"
    RURAL = "rural"
    UNKNOWN = "unknown"


class Customer(StrEnum):
    """Whom a price is for: a first transfer often costs less."""

    RETURNING = "returning"
    NEW = "new"
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    """What kind of evidence a quote is."""

    SURVEY = "survey"
    PUBLISHED_TARIFF = "published_tariff"
    PROVIDER_API = "provider_api"
    AGGREGATOR_ESTIMATE = "aggregator_estimate"
    PARTNER = "partner"
    MANUAL = "manual"


class AmountTier(StrEnum):
    """The survey's two amounts, nominally USD 200 and USD 500 (columns cc1 and cc2)."""

    USD_200 = "usd_200"
    USD_500 = "usd_500"


class FeeMode(StrEnum):
    """``on_top``: the fee is a function of the principal; ``deducted``: of what the sender pays."""

    ON_TOP = "on_top"
    DEDUCTED = "deducted"


class AmountIs(StrEnum):
    """What is held equal when offers are compared."""

    PRINCIPAL = "principal"
    TOTAL_PAID = "total_paid"
    RECEIVED = "received"


class FxMarginStatus(StrEnum):
    """What a published exchange-rate margin is worth (METHODOLOGY, What a survey row is worth)."""

    UNDISCLOSED = "undisclosed"
    INCOMPLETE = "incomplete"
    NOT_MEASURED = "not_measured"
    SAME_CURRENCY = "same_currency"
    PAID_OUT_IN_SENDING_CURRENCY = "paid_out_in_sending_currency"
    ZERO_UNEXPLAINED = "zero_unexplained"
    MEASURED = "measured"


class CostStatus(StrEnum):
    """``suspect``: the published total is not fee % + margin %."""

    CONSISTENT = "consistent"
    SUSPECT = "suspect"


class PriceBasis(StrEnum):
    """How a price at an amount is known."""

    OBSERVED = "observed"
    INTERPOLATED = "interpolated"
    SCHEDULE = "schedule"


class Basis(StrEnum):
    """The epoch of an answer."""

    LIVE = "live"
    SURVEY = "survey"


class Freshness(StrEnum):
    """How old a price is."""

    LIVE = "live"
    RECENT = "recent"
    AGING = "aging"
    STALE = "stale"
    CURRENT_ROUND = "current_round"
    OLD_ROUND = "old_round"


class SdgStatus(StrEnum):
    """A corridor's SmaRT against the two thresholds of SDG 10.c."""

    WITHIN_TARGET = "within_target"
    WITHIN_CEILING = "within_ceiling"
    ABOVE_CEILING = "above_ceiling"
    UNKNOWN = "unknown"


class RateType(StrEnum):
    """What a reference rate is: never "now"."""

    DAILY_FIXING = "daily_fixing"
    DECLARED_PEG = "declared_peg"
    DECLARED_BY_SOURCE = "declared_by_source"
    SAME_CURRENCY = "same_currency"


class Caution(StrEnum):
    """What a reader should know before trusting an offer."""

    RECEIVER_CONVERTS_LATER = "receiver_converts_later"
    BETTER_THAN_MID_MARKET_PROMOTION = "better_than_mid_market_promotion"
    BETTER_THAN_MID_MARKET_PARALLEL_RATE = "better_than_mid_market_parallel_rate"
    BETTER_THAN_MID_MARKET_UNEXPLAINED = "better_than_mid_market_unexplained"
    PUBLISHED_TOTAL_SUSPECT = "published_total_suspect"
    INTERPOLATED = "interpolated"
    ESTIMATE_BY_COMPETITOR = "estimate_by_competitor"
    SOURCES_DISAGREE = "sources_disagree"
    TAX_APPLIES = "tax_applies"
    SINGLE_SOURCE = "single_source"


class SurveyNote(StrEnum):
    """What a survey note says, beside the payout currency it may name."""

    PROMOTION = "promotion"
    PARALLEL_MARKET = "parallel_market"
    NOT_TRANSPARENT = "not_transparent"
    ECONOMY_SERVICE = "economy_service"
    RECEIVER_CONVERTS_LATER = "receiver_converts_later"
    OFFICIAL_TENDER_PAYOUT = "official_tender_payout"
    FEE_QUOTED_IN_USD = "fee_quoted_in_usd"
    THROUGH_PARTNER = "through_partner"
    MEMBERS_ONLY = "members_only"
    NEGATIVE_COST_EXPLAINED = "negative_cost_explained"
    REFERENCE_RATE_ADJUSTED = "reference_rate_adjusted"
    INTERBANK_RATE_APPLIED = "interbank_rate_applied"
    RATE_UNRELIABLE = "rate_unreliable"
    AMOUNT_LIMITED = "amount_limited"


class Exclusion(StrEnum):
    """Why an offer is not ranked, in the order in which the reasons are tried.

    The attribute reasons ``unknown_<attribute>`` and ``filtered_<parameter>`` come before all of these and are
    made from the parameter's name.
    """

    UNDISCLOSED_MARGIN = "undisclosed_margin"
    MARGIN_NOT_MEASURED = "margin_not_measured"
    ZERO_UNEXPLAINED = "zero_unexplained"
    INCOMPLETE_PRICE = "incomplete_price"
    NO_BENCHMARK = "no_benchmark"
    RATE_NOT_RECORDED = "rate_not_recorded"
    AMOUNT_NOT_OBSERVED = "amount_not_observed"
    AMOUNT_NOT_OFFERED = "amount_not_offered"
    OTHER_CURRENCY = "other_currency"
    OTHER_BASIS = "other_basis"
    STALE = "stale"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    PROMOTION_ONLY = "promotion_only"
