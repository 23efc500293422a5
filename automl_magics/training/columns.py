"""How one column becomes features: a fitted, JSON-serializable encoder for each kind of column.

Each encoder is a frozen dataclass of plain values. ``features`` names what it makes, ``encode``
makes it: a float64 matrix (rows, features) with NaN for missing.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.training.dates import ISO_8601
from automl_magics.training.frames import Floats, flags, moments, numbers, texts

MAX_LEVELS = 500
MAX_WORDS = 100
_WORD = re.compile(r"\w+")


class ColumnEncoder(Protocol):
    """A column's fitted encoder."""

    kind: ClassVar[str]

    @property
    def features(self) -> tuple[str, ...]:
        """Suffixes that name the features; empty text for the column itself."""
        ...

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the features of a column, which is called ``name`` in messages."""
        ...


@dataclass(frozen=True)
class Number:
    """Numbers, numeric text, and spans of time in seconds."""

    kind: ClassVar[str] = "number"
    features: ClassVar[tuple[str, ...]] = ("",)

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the numbers."""
        return numbers(values, name)[:, None]


@dataclass(frozen=True)
class Flag:
    """Booleans."""

    kind: ClassVar[str] = "flag"
    features: ClassVar[tuple[str, ...]] = ("",)

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return 0 and 1."""
        return flags(values, name)[:, None]


@dataclass(frozen=True)
class Category:
    """Text as level codes, most frequent level first.

    Rare levels share one code, which unknown ones get too; with none rare, unknown is missing.
    """

    levels: tuple[str, ...]
    pooled: bool

    kind: ClassVar[str] = "category"
    features: ClassVar[tuple[str, ...]] = ("",)

    @classmethod
    def fit(cls, text: pa.Array) -> "Category":
        """Keep the levels that are frequent enough to learn from, at most `MAX_LEVELS`."""
        counts = pc.value_counts(text.drop_null())
        ranked = sorted(
            zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True),
            key=lambda pair: (-pair[1], pair[0]),
        )
        enough = max(2, min(10, len(text) // 1000))
        kept = [level for level, count in ranked if count >= enough][:MAX_LEVELS]
        return cls(tuple(kept), pooled=len(kept) < len(ranked))

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return level codes."""
        text = texts(values, name)
        codes = pc.index_in(text, value_set=pa.array(self.levels, text.type))
        if self.pooled:
            codes = pc.if_else(text.is_valid(), codes.fill_null(len(self.levels)), codes)
        return np.array(codes.cast(pa.float64()).to_numpy(zero_copy_only=False))[:, None]


@dataclass(frozen=True)
class Moment:
    """Dates and times: seconds since 1970 and the parts of the calendar that vary."""

    parts: tuple[str, ...]
    form: str = ISO_8601
    """In which text is read, as pandas calls it."""

    kind: ClassVar[str] = "moment"

    @classmethod
    def fit(cls, values: pa.Array, name: str, form: str = ISO_8601) -> "Moment":
        """Keep the parts that differ between rows."""
        found = moments(values, name, form)
        known = found[~np.isnat(found)]
        differing = (part for part, of in _PARTS.items() if len(known) and np.ptp(of(known)) > 0)
        return cls(tuple(differing), form)

    @property
    def features(self) -> tuple[str, ...]:
        """The parts."""
        return self.parts

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the parts, in UTC."""
        found = moments(values, name, self.form)
        missing = np.isnat(found)
        known = np.where(missing, np.datetime64(0, "us"), found)
        encoded = np.empty((len(found), len(self.parts)))
        for i, part in enumerate(self.parts):
            encoded[:, i] = np.where(missing, np.nan, _PARTS[part](known))
        return encoded


def _whole(moment: NDArray[np.datetime64], unit: str) -> NDArray[np.int64]:
    return moment.astype(f"datetime64[{unit}]").astype(np.int64)


_PARTS: Mapping[str, Any] = {
    "epoch": lambda moment: _whole(moment, "us") / 1e6,
    "year": lambda moment: _whole(moment, "Y") + 1970,
    "month": lambda moment: _whole(moment, "M") % 12 + 1,
    "day": lambda moment: (
        (
            moment.astype("datetime64[D]") - moment.astype("datetime64[M]").astype("datetime64[D]")
        ).astype(np.int64)
        + 1
    ),
    "weekday": lambda moment: (_whole(moment, "D") + 3) % 7,
    "hour": lambda moment: _whole(moment, "h") % 24,
    "minute": lambda moment: _whole(moment, "m") % 60,
}


@dataclass(frozen=True)
class Text:
    """Free text: its size, its make-up, and how often it holds each frequent word."""

    words: tuple[str, ...]

    kind: ClassVar[str] = "text"

    @classmethod
    def fit(cls, text: pa.Array) -> "Text":
        """Take the words that most rows hold, leaving out those that nearly all or few do."""
        known = text.drop_null().to_pylist()
        rows = Counter[str]()
        for value in known:
            rows.update(set(_tokens(value)))
        few, most = max(3, len(known) // 200), 0.8 * len(known)
        ranked = sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))
        return cls(tuple(word for word, count in ranked if few <= count <= most)[:MAX_WORDS])

    @property
    def features(self) -> tuple[str, ...]:
        """Sizes and shares, then one for each word."""
        return ("length", "words", "digits", "capitals", *self.words)

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return sizes, shares and counts."""
        position = {word: 4 + i for i, word in enumerate(self.words)}
        encoded = np.zeros((len(values), 4 + len(self.words)))
        for row, value in enumerate(texts(values, name).to_pylist()):
            if value is None:
                encoded[row] = np.nan
                continue
            tokens = _tokens(value)
            size = max(1, len(value))
            encoded[row, :4] = (
                len(value),
                len(tokens),
                sum(map(str.isdigit, value)) / size,
                sum(map(str.isupper, value)) / size,
            )
            for token in tokens:
                if token in position:
                    encoded[row, position[token]] += 1
        return encoded


def _tokens(value: str) -> list[str]:
    return _WORD.findall(value.lower())


_KINDS: Mapping[str, Any] = {kind.kind: kind for kind in (Number, Flag, Category, Moment, Text)}


def to_dict(encoder: ColumnEncoder) -> dict[str, Any]:
    """Return an encoder as JSON's types."""
    return {"kind": encoder.kind, **asdict(encoder)}  # type: ignore[call-overload]


def from_dict(document: Mapping[str, Any]) -> ColumnEncoder:
    """Return the encoder that `to_dict` wrote."""
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in document.items()
        if key != "kind"
    }
    encoder: ColumnEncoder = _KINDS[document["kind"]](**values)
    return encoder
