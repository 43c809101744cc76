"""Every router of version 1, in the order in which the documentation shows them."""

from app.api.v1 import (
    account,
    account_keys,
    comparison,
    corridor,
    corridors,
    cost_curve,
    countries,
    imports,
    providers,
    quotes,
    rates,
    sources,
    status,
    usage,
    vocabulary,
    withdrawals,
)

ROUTERS = (
    corridors.router,
    comparison.router,
    cost_curve.router,
    corridor.router,
    quotes.router,
    providers.router,
    countries.router,
    rates.router,
    vocabulary.router,
    withdrawals.router,
    sources.router,
    imports.router,
    status.router,
    account.router,
    account_keys.router,
    usage.router,
)
