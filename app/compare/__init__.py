"""Compare: what is on the board and a question → the ranked, honest answer. No database, no clock: both are arguments.

``survey`` and ``live`` are the two bases, which no answer mixes; ``basis`` chooses; ``curves`` asks at many amounts.
"""

from app.compare.answers import (
    DEFAULT,
    PUBLISHED,
    Comparison,
    ComparisonQuestion,
    LiveOffer,
    Notice,
    OtherObservation,
    Relaxation,
    Summary,
    known_between,
)
from app.compare.asking import LiveContext, live_context
from app.compare.basis import LivePrices, Prices, SurveyPrices, compare, find_prices
from app.compare.curves import CostCurve, cost_curve
from app.compare.lists import LiveCorridors, live_corridors
from app.compare.live import compare_live
from app.compare.survey import SurveyContext, compare_survey, survey_context

__all__ = [
    "DEFAULT",
    "PUBLISHED",
    "Comparison",
    "ComparisonQuestion",
    "CostCurve",
    "LiveContext",
    "LiveCorridors",
    "LiveOffer",
    "LivePrices",
    "Notice",
    "OtherObservation",
    "Prices",
    "Relaxation",
    "Summary",
    "SurveyContext",
    "SurveyPrices",
    "compare",
    "compare_live",
    "compare_survey",
    "cost_curve",
    "find_prices",
    "known_between",
    "live_context",
    "live_corridors",
    "survey_context",
]
