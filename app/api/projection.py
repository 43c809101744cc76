"""``fields``: an answer cut down to the dotted names that were asked for; where the figures are from always stays."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, get_args, get_origin

from pydantic import BaseModel

from app.api.formats import Json
from app.api.inputs import AnyOf
from app.api.shapes import Provenance

ALWAYS_THERE = frozenset(Provenance.model_fields) | {"next_page_token"}

Tree: TypeAlias = "dict[str, Tree]"


class FieldsOf(AnyOf):
    """An annotation: some of the dotted names of a model, separated by commas."""

    def __init__(self, model: type[BaseModel]) -> None:
        """``model`` is the whole answer."""
        super().__init__(sorted(dotted_names(model)))


def dotted_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield every name that can be asked for, ``offers`` and ``offers.provider.name`` alike."""
    for field, info in model.model_fields.items():
        name = info.alias or field
        if not prefix and name in ALWAYS_THERE:
            continue
        yield f"{prefix}{name}"
        inner = _model_in(info.annotation)
        if inner is not None:
            yield from dotted_names(inner, f"{prefix}{name}.")


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def project(answer: Mapping[str, Json], names: Sequence[str] | None) -> Mapping[str, Json]:
    """Return the answer with the named fields only, and always its provenance."""
    if not names:
        return answer
    tree: Tree = {}
    for name in names:
        place = tree
        parts = name.split(".")
        for part in parts:
            place = place.setdefault(part, {})
        place["*"] = {}
    for name in ALWAYS_THERE & answer.keys():
        tree[name] = {"*": {}}
    return {name: _cut(value, tree[name]) for name, value in answer.items() if name in tree}


def _cut(value: Json, tree: Tree) -> Json:
    if "*" in tree:
        return value
    if isinstance(value, Mapping):
        return {name: _cut(item, tree[name]) for name, item in value.items() if name in tree}
    if isinstance(value, list | tuple):
        return [_cut(item, tree) for item in value]
    return value
