"""What the log says of a request beside its route: by which data it was answered, so that an answer can be traced."""

from collections.abc import Iterable
from uuid import UUID

from starlette.requests import Request

from app.observability import NOTED


def note_version(request: Request, dataset_version: int) -> None:
    """Let the log of a request say by which dataset version it is answered."""
    _noted(request)["dataset_version"] = dataset_version


def note_quotes(request: Request, quote_ids: Iterable[UUID]) -> None:
    """Let the log of a request say which quotes its answer shows; each is looked up at GET /v1/quotes/{quote_id}."""
    _noted(request)["quote_ids"] = [str(quote_id) for quote_id in quote_ids]


def _noted(request: Request) -> dict[str, object]:
    found: dict[str, object] = request.scope.setdefault(NOTED, {})
    return found
