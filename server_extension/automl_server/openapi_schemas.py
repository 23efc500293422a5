"""The JSON Schemas of what travels, under the names that the published pages give them.

A published model has its own name. Where the record behind both dialects has one of the same name
that is not the same, it is called otherwise: the published ``Preset`` has three values, the
record's four.
"""

import inspect
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import (
    CoreModeRef,
    CoreRef,
    DefsRef,
    GenerateJsonSchema,
    models_json_schema,
)

from automl_server.operation import Operation

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

_REF = "#/components/schemas/"
_RENAMED = {"enums.Preset:": "enums.RecordPreset:"}
"""What the record calls as a published page calls something else."""


class Schemas:
    """Every model of some operations.

    Parameters
    ----------
    operations
        Whose queries, bodies and answers count.
    errors
        Models of answers besides.
    """

    def __init__(self, operations: Sequence[Operation], errors: Iterable[type[BaseModel]]) -> None:
        asked = [model for one in operations for model in (one.query, one.body) if model]
        answered = [model for one in operations for model in _members(one.answer)]
        wanted: list[tuple[type[BaseModel], Mode]] = [
            *((model, "validation") for model in dict.fromkeys(asked)),
            *((model, "serialization") for model in dict.fromkeys([*answered, *errors])),
        ]
        keys, found = models_json_schema(
            wanted, ref_template=_REF + "{model}", schema_generator=_Named
        )
        self._refs: dict[tuple[type[Any], Mode], Json] = dict(keys)
        self.components: Json = {
            name: _tidied(schema) | {"title": name}
            for name, schema in sorted(found["$defs"].items())
        }
        self._queries = {
            one.query: self.components.pop(self._name_of(one.query, "validation"))
            for one in {id(one.query): one for one in operations}.values()
            if one.query is not None
        }

    def of_request(self, model: type[BaseModel]) -> Json:
        """Return the reference to what a body has to be."""
        return self._refs[model, "validation"]

    def of_answer(self, answer: Any) -> Json:
        """Return the reference to what an answer is, or to each of what it may be."""
        refs = [self._refs[model, "serialization"] for model in _members(answer)]
        return refs[0] if len(refs) == 1 else {"anyOf": refs}

    def query_parameters(self, model: type[BaseModel]) -> list[Json]:
        """Return the parameters that a query's model describes."""
        schema = self._queries[model]
        return [
            _query_parameter(name, field, name in schema.get("required", ()))
            for name, field in schema["properties"].items()
        ]

    def _name_of(self, model: type[BaseModel], mode: Mode) -> str:
        return str(self._refs[model, mode]["$ref"].removeprefix(_REF))


def _members(answer: Any) -> tuple[type[BaseModel], ...]:
    """Return the models of a union, or the one that there is."""
    if answer is None:
        return ()
    return get_args(answer) if isinstance(answer, UnionType) else (answer,)


def _query_parameter(name: str, field: Json, required: bool) -> Json:
    """Return one parameter; a query cannot say null, so it is left out of what may be said."""
    schema = {key: value for key, value in field.items() if key != "description"}
    options = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    if len(options) == 1:
        schema |= options[0]
    elif options:
        schema["anyOf"] = options
    parameter = {"name": name, "in": "query", "required": required, "schema": schema}
    return parameter | ({"description": field["description"]} if "description" in field else {})


def _tidied(schema: Any) -> Any:
    """Return the schema without what goes without saying."""
    if isinstance(schema, list):
        return [_tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: inspect.cleandoc(value)
        if key == "description" and isinstance(value, str)
        else _tidied(value)
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }


class _Named(GenerateJsonSchema):
    """Gives models the names that the document knows them by."""

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        ref, mode = core_mode_ref
        for name, another in _RENAMED.items():
            ref = CoreRef(ref.replace(name, another))
        return super().get_defs_ref((ref, mode))
