"""Makes a notebook's cells of fragments: Python text in which a line may have a condition.

A fragment is a file of `cells` whose first lines are imports. ``# %%`` begins a code cell and
``# %% [markdown]`` one of text. A line that ends in ``#: words and not raised`` stays only where
these conditions hold. Nothing is ever put into a fragment: values are constants in cells of their
own, written by `constants`.
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Literal

_WIDTH = 96
_CONDITION = re.compile(r"\s*#: (.+)$")


@dataclass(frozen=True)
class Cell:
    """One cell."""

    kind: Literal["code", "markdown"]
    source: str


@dataclass(frozen=True)
class Fragment:
    """What is left of a fragment under some conditions."""

    imports: tuple[str, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, name: str, holding: AbstractSet[str]) -> "Fragment":
        """Read a fragment, given the conditions that hold."""
        head, *parts = re.split(r"^# %%", "\n".join(_lines(name, holding)), flags=re.MULTILINE)
        cells = (_cell(part) for part in parts)
        return cls(
            tuple(line for line in head.splitlines() if line),
            tuple(cell for cell in cells if cell.source),
        )

    def with_constants(self, values: Mapping[str, Any]) -> "Fragment":
        """Return the fragment with these constants before its first code."""
        if not values:
            return self
        at = next((i for i, cell in enumerate(self.cells) if cell.kind == "code"), len(self.cells))
        cell = Cell("code", constants(values))
        return Fragment(self.imports, (*self.cells[:at], cell, *self.cells[at:]))


def constants(values: Mapping[str, Any]) -> str:
    """Return assignments of values, which are plain types of Python, to names."""
    return "\n".join(f"{name} = {_literal(value, len(name) + 3)}" for name, value in values.items())


def import_cell(lines: Iterable[str]) -> Cell:
    """Return one cell of imports: the standard library's first."""
    ordered = sorted(set(lines), key=lambda line: (not _is_standard(line), *_import_order(line)))
    groups = [list(group) for _, group in groupby(ordered, key=_is_standard)]
    return Cell("code", "\n\n".join("\n".join(group) for group in groups))


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath("cells", f"{name}.txt").read_text(encoding="utf-8")


def _lines(name: str, holding: AbstractSet[str]) -> Iterable[str]:
    for line in _text(name).splitlines():
        condition = _CONDITION.search(line)
        if condition is None:
            yield line
        elif all(_holds(word, holding) for word in condition[1].split(" and ")):
            yield line[: condition.start()]


def _holds(word: str, holding: AbstractSet[str]) -> bool:
    return word.removeprefix("not ") not in holding if word.startswith("not ") else word in holding


def _cell(part: str) -> Cell:
    first, _, rest = part.partition("\n")
    if first.strip() != "[markdown]":
        return Cell("code", rest.strip("\n"))
    words = [line.removeprefix("#").removeprefix(" ") for line in rest.strip("\n").splitlines()]
    return Cell("markdown", "\n".join(words).strip())


def _literal(value: Any, used: int, indent: str = "") -> str:
    """Return a literal, over several lines where one is too short."""
    short = repr(value)
    if len(indent) + used + len(short) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return short
    inner = f"{indent}    "
    if isinstance(value, dict):
        keys = [f"{key!r}: " for key in value]
        items = zip(keys, value.values(), strict=True)
        parts = [f"{key}{_literal(item, len(key) + 1, inner)}" for key, item in items]
        begin, end = "{", "}"
    else:
        parts = [_literal(item, 1, inner) for item in value]
        begin, end = "[", "]"
    return "\n".join([begin, *(f"{inner}{part}," for part in parts), f"{indent}{end}"])


def _is_standard(line: str) -> bool:
    import sys

    return line.split()[1].partition(".")[0] in sys.stdlib_module_names


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from "), line
