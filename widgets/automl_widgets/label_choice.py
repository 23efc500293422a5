"""The label of a proposal: a column or an expression, its kind and its name."""
# mypy: disallow-subclassing-any=False

from typing import Any

import ipywidgets

from automl_magics.contracts.features import LabelSpec, LabelType
from automl_magics.displays.wording import words
from automl_widgets.fields import STYLE, WIDE


class LabelChoice(ipywidgets.VBox):
    """Four fields; an empty one says nothing."""

    def __init__(self) -> None:
        self._shown: LabelSpec | None = None
        self._column = _text("column", "The column to predict, as column or table.column")
        self._derivation = _text("SQL", "The label as an expression of DuckDB's SQL")
        self._name = _text("name", "What the label is called in the training table")
        self._type = ipywidgets.Dropdown(
            description="type",
            options=[(words(kind.value), kind.value) for kind in LabelType],
            tooltip="What kind of label it is",
            layout=WIDE,
            style=STYLE,
        )
        super().__init__([self._column, self._derivation, self._type, self._name])

    @property
    def changed(self) -> LabelSpec | None:
        """The label as it stands here, where it differs from the proposal's.

        Raises `pydantic.ValidationError` for one that cannot be.
        """
        asked: dict[str, Any] = {
            "column": self._column.value.strip(),
            "derivation": self._derivation.value.strip(),
            "type": self._type.value,
            "name": self._name.value.strip(),
        }
        if self._shown is not None:
            asked["positive_class_value"] = self._shown.positive_class_value
        said = {name: value for name, value in asked.items() if value not in ("", None)}
        return None if said == _said(self._shown) else LabelSpec.model_validate(said)

    def show(self, label: LabelSpec, *, is_open: bool) -> None:
        """Show another label, or the same one, open to changes or not."""
        if label != self._shown:
            self._shown = label
            self._column.value = label.column or ""
            self._derivation.value = label.derivation or ""
            self._type.value, self._name.value = label.type.value, label.name
        for control in self.children:
            control.disabled = not is_open


def _said(label: LabelSpec | None) -> dict[str, Any]:
    if label is None:
        return {}
    fields = {"column", "derivation", "type", "name", "positive_class_value"}
    return label.model_dump(mode="json", include=fields, exclude_none=True)


def _text(description: str, tooltip: str) -> ipywidgets.Text:
    return ipywidgets.Text(description=description, tooltip=tooltip, layout=WIDE, style=STYLE)
