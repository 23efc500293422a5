"""Frames as people have them by mistake: odd sizes, values, types and names."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from automl_magics.contracts.enums import AutoMLAlgorithm, PredictorType, ProblemType
from tests.pictures import shapes

Values = Callable[[np.random.Generator, int], Any]

EPOCH = np.datetime64("2024-01-01", "ns")
PICTURES = [*shapes(6)["picture"].to_pylist(), None, b"", b"\x89PNG\r\n\x1a\n and then nothing"]


def of(*values: Any) -> Values:
    """Return what draws a column of some values, as Python's own objects."""

    def draw(random: np.random.Generator, rows: int) -> pd.Series:
        chosen = [values[place] for place in random.integers(0, len(values), rows)]
        return pd.Series(chosen, dtype=object)

    return draw


def sentences(random: np.random.Generator, rows: int) -> list[str]:
    """Draw texts of several words."""
    return [" ".join(random.choice(["red", "blue", "sky", "sea", "tree"], 5)) for _ in range(rows)]


VALUES: Mapping[str, Values] = {
    "numbers": lambda random, rows: random.normal(size=rows),
    "grades": lambda random, rows: random.integers(0, 3, rows),
    "two": of("yes", "no"),
    "sentences": sentences,
    "pictures": of(*PICTURES),
    "days": lambda _, rows: EPOCH + np.arange(rows) * np.timedelta64(1, "D"),
    "shares": lambda random, rows: random.choice([0.5, 0.25], rows),
    "gone": of(None),
    "NaN": of(float("nan")),
    "one": of(7),
    "one of a kind": lambda _, rows: [f"id {row}" for row in range(rows)],
    "one differs": lambda _, rows: ["a"] * (rows - 1) + ["b"] * min(rows, 1),
    "infinite": of(float("inf"), float("-inf"), float("nan"), 1.0, 2.0),
    "large": of(1e308, -1e308, 5e-324, 0.0),
    "half": lambda random, rows: random.normal(size=rows).astype(np.float16),
    "whole": of(2**63 - 1, -(2**63), 0),
    "unsigned": lambda random, rows: random.choice(np.array([2**64 - 1, 3], np.uint64), rows),
    "beyond 64 bits": of(2**70, -(2**200), 1),
    "complex": of(1j, 2 + 1j),
    "decimals": of(Decimal("1.10"), Decimal("-1e30"), None),
    "decimal NaN": of(Decimal("NaN"), Decimal("Infinity"), Decimal(1)),
    "booleans": lambda random, rows: random.random(rows) < 0.5,
    "booleans with gaps": lambda _, rows: pd.array([True, False, None] * rows, "boolean")[:rows],
    "categories": lambda random, rows: pd.Categorical.from_codes(
        random.integers(-1, 2, rows), ["a", "b"]
    ),
    "categories of numbers": lambda random, rows: pd.Categorical.from_codes(
        random.integers(0, 3, rows), [0.5, 1.5, 2.5]
    ),
    "numbers in text": of("1", " 2.5 ", "", "n/a", "1e400"),
    "odd text": of("", " ", "\x00", "🦆", "a\nb", "|x:1", "\u202e", "'; --", "x" * 5000),
    "lone surrogate": of("\ud800", "a"),
    "dates": of(dt.date(1, 1, 1), dt.date(9999, 12, 31), None),
    "moments": lambda random, rows: EPOCH + random.integers(0, 9**15, rows).astype("m8[ns]"),
    "moments in a zone": lambda _, rows: pd.date_range("2024", periods=rows, tz="Asia/Tokyo"),
    "same moment": of(pd.Timestamp("2024-01-01")),
    "far moments": lambda random, rows: random.integers(-(9**12), 9**12, rows).astype("M8[s]"),
    "months": lambda _, rows: pd.period_range("2024", periods=rows, freq="M"),
    "dates in text": of("2024-01-01", "31.12.2024", "never"),
    "spans": lambda random, rows: random.integers(0, 9**15, rows).astype("m8[ns]"),
    "times": of(dt.time(1, 2), dt.time(23, 59, 59, 999999)),
    "lists": of([1], [], [1, 2]),
    "lists of texts": of(["a"], ["b", None]),
    "dictionaries": of({"a": 1}, {"b": "x"}, {}),
    "empty dictionaries": of({}),
    "sets": of({1}, {2}),
    "tuples": of((1, "a"), (2, "b")),
    "objects": of(object(), object()),
    "bytes": of(b"", b"\xff", b"abc"),
    "identifiers": of(UUID(int=1), UUID(int=2)),
    "intervals": lambda _, rows: pd.interval_range(0, periods=rows) if rows else [],
    "mixed": of(1, "a", None, 2.5),
    "wildly mixed": of(1, "a", b"x", [1], {"a": 1}, dt.date(2024, 1, 1), True),
    "names of pictures": of("a.png", "b.png"),
}
"""What a column may hold, by name."""

NAMES = (
    "", " ", "0", "é", "e\u0301", "🦆", "\u202eabc", "a\nb", "a\x00b", 'a"b', "a'b", "{x}", "[x]",
    "a,b", "a.b", "*", "a:b|c", "prediction", "probability_yes", "label", "rank", "score", "rows",
    "__index_level_0__", "__target__", "y", "Y", "SELECT", "x" * 300,
)  # fmt: skip
"""What a column may be called."""

PROBLEMS: Mapping[str, tuple[Mapping[str, str], int, Mapping[str, Any]]] = {
    "classification": (
        {"y": "two", "a": "numbers", "b": "categories", "w": "grades", "g": "two", "t": "days"}, 40,
        {"label_column": "y", "weight_column": "w", "group_column": "g", "time_column": "t"},
    ),
    "any label": ({"y": "grades", "a": "numbers"}, 40, {"label_column": "y"}),
    "regression": (
        {"y": "numbers", "a": "grades", "b": "two"}, 40,
        {"label_column": "y", "problem_type": ProblemType.REGRESSION},
    ),
    "text": (
        {"y": "two", "t": "sentences"}, 30,
        {"label_column": "y", "predictor_type": PredictorType.TEXT},
    ),
    "image": (
        {"y": "two", "p": "pictures"}, 24,
        {"label_column": "y", "predictor_type": PredictorType.IMAGE},
    ),
    "multimodal": (
        {"y": "two", "t": "sentences", "p": "pictures", "a": "numbers"}, 24, {"label_column": "y"},
    ),
    "series": (
        {"t": "days", "y": "numbers", "a": "numbers"}, 40,
        {"label_column": "y", "time_column": "t", "problem_type": ProblemType.TIME_SERIES},
    ),
    "many series": (
        {"t": "days", "y": "numbers", "s": "two"}, 60,
        {"label_column": "y", "time_column": "t", "series_column": "s", "horizon": 2},
    ),
    "bandit": (
        {"action": "two", "p": "shares", "r": "numbers", "c": "numbers"}, 120,
        {"action_column": "action", "probability_column": "p", "reward_column": "r"},
    ),
    "ranking": (
        {"q": "two", "y": "grades", "a": "numbers"}, 40,
        {"label_column": "y", "group_column": "q", "problem_type": ProblemType.RANKING},
    ),
    "anomalies": (
        {"a": "numbers", "b": "categories", "t": "days"}, 40,
        {"time_column": "t", "contamination": 0.1},
    ),
    "known anomalies": (
        {"a": "numbers", "y": "two"}, 40,
        {"label_column": "y", "problem_type": ProblemType.ANOMALY_DETECTION},
    ),
    "one pass": (
        {"y": "two", "a": "numbers", "t": "sentences"}, 60,
        {"label_column": "y", "algorithm": AutoMLAlgorithm.VW_CLASSIFIER},
    ),
    "one pass of values": (
        {"y": "numbers", "a": "numbers", "t": "sentences"}, 60,
        {"label_column": "y", "algorithm": AutoMLAlgorithm.VW_REGRESSOR},
    ),
}  # fmt: skip
"""By name the columns with what they should hold, how many rows, and what is asked."""


@st.composite
def frames(
    draw: st.DrawFn, roles: Mapping[str, str], *, rows: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame in which some things are odd, and how its columns are called by now.

    Parameters
    ----------
    roles
        The columns that there should be, with what they should hold.
    rows
        As many as there should be.
    """
    random = np.random.default_rng(draw(st.integers(0, 99)))
    count = draw(st.sampled_from([rows] * 5 + [0, 1, 2, 11]))
    kinds = st.sampled_from(sorted(VALUES))
    held = {**roles, **draw(st.dictionaries(st.sampled_from(sorted(roles)), kinds, max_size=2))}
    held |= {f"extra {place}": kind for place, kind in enumerate(draw(st.lists(kinds, max_size=2)))}
    odd = st.dictionaries(st.sampled_from(sorted(held)), st.sampled_from(NAMES), max_size=2)
    called = {name: name for name in held} | draw(odd)
    frame = pd.concat(
        [pd.Series(VALUES[kind](random, count), name=name) for name, kind in held.items()], axis=1
    ).set_axis([called[name] for name in held], axis=1)
    return frame, called


def as_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame's columns as Arrow has them, as text where it has no type for them."""
    columns = []
    for place in range(frame.shape[1]):
        try:
            columns.append(pa.Array.from_pandas(frame.iloc[:, place]))
        except (TypeError, ValueError, OverflowError, NotImplementedError):
            columns.append(pa.array([ascii(value) for value in frame.iloc[:, place]]))
    return pa.table(columns, names=list(frame.columns))
