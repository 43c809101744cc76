"""Operations and discovery: health, metrics, documentation, problem types, the API catalog. No figures here."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Path, Request
from starlette.responses import Response

from app.api import contract, documentation
from app.api.deps import ServedDep
from app.api.formats import JSON, Answer, Freshness, Json, encode, respond
from app.api.inputs import StrictRoute
from app.api.problems import ProblemType, problem_types
from app.api.shapes import Shape
from app.observability import METRICS_MEDIA_TYPE
from app.observability.sources import look

router = APIRouter(route_class=StrictRoute, tags=["operations"])

LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


class Health(Shape):
    """Whether this process lives, or can answer."""

    status: str


class ProblemKind(Shape):
    """One kind of problem: what it means and what to do about it."""

    type: str
    status: int
    title: str
    what_to_do: str


class ProblemKinds(Shape):
    """Every kind of problem that this API answers with."""

    problems: list[ProblemKind]


class Catalog(Shape):
    """Where this API is described (RFC 9727, RFC 9264)."""

    linkset: list[dict[str, object]]


@router.get("/health/live", summary="Whether the process lives", responses={200: {"model": Health}})
async def live() -> Response:
    """Answer as long as the process can answer at all."""
    return Response(encode({"status": "live"}), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get("/health/ready", summary="Whether prices can be answered", responses={200: {"model": Health}})
async def ready(shared: ServedDep) -> Response:
    """Answer 200 whenever the board can answer, the database and the sources away included; else 503."""
    shared.current_board()
    return Response(encode({"status": "ready"}), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(shared: ServedDep) -> Response:
    """Return this process's metrics, and those of the sources as the database tells them; for the operator."""
    now = shared.clock()
    shared.metrics.sources.renew(lambda: look(shared.engine, shared.settings, now), now)
    return Response(
        shared.metrics.render(),
        headers={"Content-Type": METRICS_MEDIA_TYPE, "Cache-Control": "no-store"},
    )


@router.get("/openapi.json", summary="The OpenAPI document", responses={200: {"model": dict[str, object]}})
def openapi(request: Request, shared: ServedDep) -> Response:
    """Return the contract of this API, the same as the committed ``openapi/v1.json``."""
    body = _made_once(request.app, "openapi_bytes", lambda schema: contract.rendered(schema).encode())
    return respond(request, Answer(body=body, cache_control=_reference(shared)))


@router.get(
    "/docs",
    summary="The documentation for people",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def docs(request: Request, shared: ServedDep) -> Response:
    """Return the documentation as one page, which asks nobody else for anything."""
    body = _made_once(request.app, "docs_bytes", documentation.page)
    headers = {"Content-Security-Policy": documentation.POLICY, "Referrer-Policy": "no-referrer"}
    answer = Answer(body=body, media_type=documentation.MEDIA_TYPE, cache_control=_reference(shared), headers=headers)
    return respond(request, answer)


@router.get("/problems", summary="Every kind of problem", responses={200: {"model": ProblemKinds}})
def problems(request: Request, shared: ServedDep) -> Response:
    """Explain every kind of problem that this API answers with."""
    body = encode({"problems": [_kind(kind) for kind in problem_types().values()]})
    return respond(request, Answer(body=body, cache_control=_reference(shared)))


@router.get("/problems/{code}", name="problem", summary="One kind of problem", responses={200: {"model": ProblemKind}})
def one_problem(
    code: Annotated[str, Path(description="What stands in `type` of a problem after /problems/.")],
    request: Request,
    shared: ServedDep,
) -> Response:
    """Explain the kind of problem whose ``type`` led here."""
    kind = problem_types().get(code)
    if kind is None:
        raise HTTPException(404)
    return respond(request, Answer(body=encode(_kind(kind)), cache_control=_reference(shared)))


@router.get(
    "/.well-known/api-catalog",
    summary="Where this API is described",
    response_class=Response,
    responses={200: {"content": {"application/linkset+json": {"schema": Catalog.model_json_schema()}}}},
)
def api_catalog(request: Request, shared: ServedDep) -> Response:
    """Return the catalog of RFC 9727."""
    links: dict[str, Json] = {
        "anchor": "/v1",
        "service-desc": [{"href": "/openapi.json", "type": JSON}],
        "service-doc": [{"href": "/docs", "type": "text/html"}],
        "status": [{"href": "/v1/status", "type": JSON}],
    }
    answer = Answer(body=encode({"linkset": [links]}), media_type=LINKSET, cache_control=_reference(shared))
    return respond(request, answer)


def _made_once(app: FastAPI, name: str, make: Callable[[contract.Document], bytes]) -> bytes:
    """Return what is made of the contract, which does not change while the process lives."""
    if not hasattr(app.state, name):
        setattr(app.state, name, make(contract.served(app)))
    found: bytes = getattr(app.state, name)
    return found


def _kind(kind: ProblemType) -> dict[str, str | int]:
    return {
        "type": f"/problems/{kind.code}",
        "status": kind.status,
        "title": kind.title,
        "what_to_do": kind.what_to_do,
    }


def _reference(shared: ServedDep) -> str:
    return Freshness(now=shared.clock()).cache_control()
