"""What every displayed value can do: text for a terminal, HTML for a notebook, data for JSON."""

import json
import math
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

MAGIC = "%automl"
SHELL = "automl"


class View(ABC):
    """A value that a verb returns and a surface shows."""

    @abstractmethod
    def text(self, command: str = MAGIC) -> str:
        """Return plain text; ``command`` is how the reader calls us, for hints on what is next."""

    @abstractmethod
    def html(self) -> str:
        """Return HTML with everything a user wrote escaped."""

    @abstractmethod
    def data(self) -> Any:
        """Return what ``json.dumps`` takes."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.text()


class Message(View):
    """One line that says what was done."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        self._text, self._data = text, data

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the line."""
        return self._text

    def html(self) -> str:
        """Return the line as a paragraph."""
        return render("message.html", text=self._text)

    def data(self) -> dict[str, Any]:
        """Return what was done, by name."""
        return self._data


def json_text(data: Any) -> str:
    """Return what ``--json`` prints: one document, with null for what no number is."""
    return json.dumps(_finite(data), indent=2, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {name: _finite(value) for name, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data


def render(template: str, **values: Any) -> str:
    """Fill a template of ``displays/templates``; every value is escaped."""
    return _environment().get_template(template).render(**values).strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
