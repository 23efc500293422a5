"""Controls for the fields of a training request, made from its schema."""

from enum import Enum
from typing import Any

import ipywidgets
from pydantic.fields import FieldInfo

from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.displays.wording import words
from automl_magics.magics.grammar import plain_type

WIDE = {"width": "32em"}
STYLE = {"description_width": "11em"}

ADVANCED = (
    "name",
    "metric",
    "algorithm",
    "predictor_type",
    "exclude_algorithms",
    "enable_ensemble",
    "seed",
    "weight_column",
    "group_column",
    "time_column",
    "series_column",
    "horizon",
    "action_column",
    "reward_column",
    "cost_column",
    "probability_column",
    "contamination",
    "domain",
    "registered_model_name",
    "executor",
    "hardware",
    "auto_trigger",
)
"""What few people change, in this order."""


def control(name: str) -> ipywidgets.ValueWidget:
    """Return a control for a request's field; an empty one means the field's default."""
    field = AutoMLTrainingRequest.model_fields[name]
    plain, is_list = plain_type(field.annotation)
    described: dict[str, Any] = {
        "description": words(name),
        "tooltip": " ".join((field.description or "").split()),
        "layout": WIDE,
        "style": STYLE,
    }
    if plain is bool:
        return ipywidgets.Checkbox(value=bool(field.default), **described)
    if issubclass(plain, Enum) and is_list:
        options = [(words(member.value), member.value) for member in plain]
        return ipywidgets.SelectMultiple(options=options, rows=4, **described)
    if issubclass(plain, Enum):
        options = [(_default(field), None), *((words(one.value), one.value) for one in plain)]
        return ipywidgets.Dropdown(options=options, index=0, **described)
    return ipywidgets.Text(placeholder=_default(field), continuous_update=False, **described)


def value_of(name: str, made: ipywidgets.ValueWidget) -> Any:
    """Return what a control says, or None where it says the default."""
    value = made.value.strip() if isinstance(made.value, str) else made.value
    if isinstance(value, tuple):
        return list(value) or None
    default = AutoMLTrainingRequest.model_fields[name].default
    return None if value in ("", default) else value


def _default(field: FieldInfo) -> str:
    return "by default" if field.default in (None, "") else f"{field.default}"
