"""Reads the values of options, with errors that say what would do."""

import argparse
import csv
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from automl_magics.contracts.errors import did_you_mean


def reader(plain: type, *, is_list: bool) -> Callable[[str], Any]:
    """Return what reads a value of this type, or a list of such values."""
    if is_list:
        return ListOf(reader(plain, is_list=False))
    if issubclass(plain, Enum):
        return OneOf(member.value for member in plain)
    return {float: number, int: whole_number}.get(plain, str)


class OneOf:
    """Reads one word of a closed list."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(values)
        self._by_word = {_plain(value): value for value in self.values}

    def __call__(self, text: str) -> str:
        """Return the word as it is spelled in the list."""
        word = _plain(text)
        if word not in self._by_word:
            hint = did_you_mean(word, self.values)
            raise argparse.ArgumentTypeError(f"{text!r} is not known. {hint}")
        return self._by_word[word]


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_")


class ListOf:
    """Reads names with commas between them; a name that holds a comma stands in double quotes."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.read = read
        self.values = read.values if isinstance(read, OneOf) else ()

    def __call__(self, text: str) -> list[Any]:
        """Return the values."""
        row = next(csv.reader([text], skipinitialspace=True), [])
        return [self.read(name.strip()) for name in row if name.strip()]


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        message = f"{text!r} is not a number"
        raise argparse.ArgumentTypeError(message) from None


def whole_number(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        message = f"{text!r} is not a whole number"
        raise argparse.ArgumentTypeError(message) from None


def count(text: str) -> int:
    """Read a whole number above 0."""
    if (found := whole_number(text)) < 1:
        message = f"{text!r} is not a number above 0"
        raise argparse.ArgumentTypeError(message)
    return found
