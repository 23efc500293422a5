import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.encoding import Encoded, Encoder
from automl_magics.training.frames import columns_of

NAN = np.nan


def encode(values: Any, later: Any = None) -> list[list[float]]:
    """Fit on a column and encode it, or another."""
    encoder = Encoder.fit(pa.table({"c": values}))
    return encoder.transform(pa.table({"c": values if later is None else later})).values.tolist()


def features(values: Any) -> tuple[str, ...]:
    return Encoder.fit(pa.table({"c": values})).names


def same(one: Encoded, other: Encoded) -> bool:
    return (one.names, one.categorical) == (other.names, other.categorical) and np.array_equal(
        one.values, other.values, equal_nan=True
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, None, 3], pa.int8()), [1, NAN, 3]),
        (pa.array([2**63, 5], pa.uint64()), [2.0**63, 5]),
        (pa.array([1.5, float("inf"), float("nan"), 2]), [1.5, NAN, NAN, 2]),
        (pa.array([Decimal("1.25"), None, Decimal("-3.50")]), [1.25, NAN, -3.5]),
        (pa.array([True, None, False]), [1, NAN, 0]),
        (pa.array([" 12.5 ", "", "7", " "]), [12.5, NAN, 7, NAN]),
        (pa.array(["3", "n/a", "1e3", "?"]), [3, NAN, 1000, NAN]),
        (pa.array([dt.timedelta(hours=1), None, dt.timedelta(days=1)]), [3600, NAN, 86400]),
        (pa.array([dt.time(1, 0), dt.time(0, 0, 5)]), [3600, 5]),
        (pa.array([pa.MonthDayNano([1, 2, 0]), None, pa.MonthDayNano([0, 0, 10**9])]),
         [32 * 86400, NAN, 1]),
        (pa.array(["b", "a", "b", None, "a", "b"]), [0, 1, 0, NAN, 1, 0]),
        (pa.array(["01234", "00001", "01234", "00001"]), [1, 0, 1, 0]),
        (pa.array(["x", "y", "x", "y"]).dictionary_encode(), [0, 1, 0, 1]),
    ],
)  # fmt: skip
def test_a_column_becomes_one_feature(values: Any, expected: list[float]) -> None:
    encoded = np.array(encode(values))
    assert encoded.shape[1] == 1
    np.testing.assert_array_equal(encoded[:, 0], expected)


def test_unseen_and_rare_levels() -> None:
    often = ["a", "b"] * 5
    assert encode(often, ["b", "new", None]) == pytest.approx(
        np.array([[1], [NAN], [NAN]]), nan_ok=True
    )
    with_rare = [*often, "once"]
    assert encode(with_rare, ["a", "once", "new", None]) == pytest.approx(
        np.array([[0], [2], [2], [NAN]]), nan_ok=True
    )


def test_many_levels_are_limited() -> None:
    values = [f"level {i % 600}" for i in range(6000)]
    codes = np.array(encode(values))
    assert codes.max() == 500


def test_dates_become_parts_of_the_calendar_that_vary() -> None:
    days = [dt.date(2024, 1, 31), None, dt.date(2024, 3, 1)]
    assert features(pa.array(days)) == ("c epoch", "c month", "c day", "c weekday")
    encoded = encode(pa.array(days))
    assert encoded[0] == [1706659200.0, 1.0, 31.0, 2.0]
    assert np.isnan(encoded[1]).all()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_are_the_same_in_every_unit_and_zone(unit: str) -> None:
    moments = [dt.datetime(1965, 5, 1, 23, 30), dt.datetime(2031, 7, 2, 4, 5)]  # noqa: DTZ001
    naive = encode(pa.array(moments, pa.timestamp(unit)))
    zoned = pa.array(moments, pa.timestamp(unit)).cast(pa.timestamp(unit, "UTC"))
    assert encode(zoned.cast(pa.timestamp(unit, "America/New_York"))) == naive
    texts = [moment.isoformat() for moment in moments]
    assert encode(pa.array(texts)) == naive
    assert encode(zoned, texts) == naive
    assert encode(zoned, [text + "+00:00" for text in texts]) == naive


@pytest.mark.parametrize(
    ("written", "again"),
    [
        ("%d.%m.%Y %H:%M", "29.02.2024 13:45"),
        ("%m/%d/%Y", "02/29/2024"),
        ("%d/%m/%Y", "29/02/2024"),
        ("%m/%d/%Y %I:%M %p", "02/29/2024 01:45 PM"),
        ("%d %b %Y", "29 Feb 2024"),
        ("%B %d, %Y", "February 29, 2024"),
        ("%Y/%m/%d %H:%M:%S", "2024/02/29 13:45:00"),
        ("%Y%m%dT%H%M%S", "20240229T134500"),
    ],
)
def test_dates_are_read_as_they_are_written(written: str, again: str) -> None:
    hours = [dt.datetime(2023, 1, 3) + dt.timedelta(hours=31 * i) for i in range(300)]  # noqa: DTZ001
    texts = [hour.strftime(written) for hour in hours]
    read = [dt.datetime.strptime(text, written) for text in texts]  # noqa: DTZ007
    assert encode(texts) == encode(pa.array(read))
    assert "c weekday" in features(texts)
    leap = encode(texts, [again, "no date", None])
    assert leap[0][0] == dt.datetime.strptime(again, written).replace(tzinfo=dt.UTC).timestamp()
    assert np.isnan(leap[1:]).all()


@pytest.mark.parametrize("values", [["10-12", "1-2"], ["v1.2.3", "v1.2.4"], ["Monday", "May"]])
def test_what_is_no_date_stays_a_category(values: list[str]) -> None:
    assert features(values * 30) == ("c",)
    assert np.array(encode(values * 30)).max() == 1


def test_amounts_are_numbers() -> None:
    texts = ["$1,250.50", "-$3", "$-3", "12 %", "1,000,000", "7€", " 8 ", None] * 8
    expected = [1250.5, -3.0, -3.0, 12.0, 1e6, 7.0, 8.0, NAN]
    assert np.array(encode(texts))[:8, 0] == pytest.approx(np.array(expected), nan_ok=True)


def test_free_text_becomes_sizes_and_words() -> None:
    texts = [f"offer {i} is {'free money now' if i % 2 else 'a fair deal'}" for i in range(60)]
    names = features(texts)
    assert names[:4] == ("c length", "c words", "c digits", "c capitals")
    assert {"c free", "c deal"} <= set(names)
    row = dict(zip(names, encode(texts, ["FREE free deal", "x"])[0], strict=True))
    assert (row["c words"], row["c free"], row["c deal"]) == (3, 2, 1)
    assert row["c capitals"] == pytest.approx(4 / 14)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pa.nulls(60), "has no values"),
        (pa.array([float("nan")] * 60), "has no usable values"),
        (pa.array([7] * 60), "has the same value in every row"),
        (pa.array(["a"] * 60), "has the same value in every row"),
        (pa.array([dt.date(2024, 1, 1)] * 60), "has no usable values"),
        (pa.array([f"user-{i}" for i in range(60)]), "is an identifier"),
        (pa.array([[1, 2]] * 60), "which cannot be learned from"),
        (pa.array([{"a": 1}] * 60), "which cannot be learned from"),
        (pa.array([b"x", b"y"] * 30), "which cannot be learned from"),
    ],
)
def test_a_column_that_says_nothing_is_dropped(values: Any, reason: str) -> None:
    encoder = Encoder.fit(pa.table({"useful": range(60), "c": values}))
    assert list(encoder.encoders) == ["useful"]
    assert reason in encoder.dropped["c"]


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "customerId", "Unnamed: 0", "index"])
def test_row_numbers_are_known_by_name(name: str) -> None:
    encoder = Encoder.fit(pa.table({name: range(100), "humid": range(100), "y": range(100)}))
    assert list(encoder.dropped) == [name]


def test_nothing_left_to_learn_from() -> None:
    with pytest.raises(InvalidInput, match="No column is left to learn from: 'c' has the same"):
        Encoder.fit(pa.table({"c": [1, 1, 1]}))


def test_missing_columns_are_named_with_the_nearest() -> None:
    encoder = Encoder.fit(pa.table({"tenure": [1, 2], "age": [3, 4]}))
    with pytest.raises(InvalidInput) as refusal:
        encoder.transform(pd.DataFrame({"tenur": [1], "age": [1]}))
    assert "'tenure'" in refusal.value.message
    assert refusal.value.hint == "Did you mean 'tenur'?"


def test_a_column_of_another_kind_is_refused() -> None:
    encoder = Encoder.fit(pa.table({"c": [1, 2]}))
    with pytest.raises(InvalidInput, match="Column 'c' holds list"):
        encoder.transform(pa.table({"c": [[1], [2]]}))


def test_order_and_further_columns_do_not_matter() -> None:
    encoder = Encoder.fit(pa.table({"a": [1, 2], "b": ["x", "y"]}))
    one = encoder.transform(pd.DataFrame({"a": [2], "b": ["y"]}))
    other = encoder.transform(pd.DataFrame({"z": [0], "b": ["y"], "a": [2]}))
    assert same(one, other)


def test_of_two_columns_with_one_name_the_first_counts() -> None:
    frame = pd.DataFrame([[1, 2, 9], [3, 4, 9]], columns=["a", "b", "a"])
    assert Encoder.fit(frame).transform(frame).values.tolist() == [[1, 2], [3, 4]]


def test_strange_names_are_kept() -> None:
    names = ['"quoted"', "päivä 日", "a,b:c{d}[e]", "", " ", "x" * 300]
    frame = pd.DataFrame({name: range(3) for name in names})
    assert Encoder.fit(frame).names == tuple(names)
    assert Encoder.fit(pd.DataFrame({0: [1, 2], 1: [3, 4]})).names == ("0", "1")


def test_every_frame_gives_the_same() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.0, None, 3.0, 4.0],
            "word": ["a", "b", None, "a"],
            "level": pd.Categorical(["u", "v", "u", "v"]),
            "when": pd.to_datetime(["2024-01-01", "2024-02-01", None, "2025-01-01"]),
            "flag": [True, False, True, False],
        }
    )
    table = pa.Table.from_pandas(frame, preserve_index=False)
    encoder = Encoder.fit(table)
    expected = encoder.transform(table)
    assert same(encoder.transform(frame), expected)
    assert same(encoder.transform(frame.astype({"word": object})), expected)
    assert same(encoder.transform(frame.set_index(pd.Index([9, 9, 2, 1]))), expected)
    assert same(encoder.transform(pl.from_arrow(table)), expected)
    as_text = frame.astype({"flag": str, "number": str})
    assert same(encoder.transform(as_text), expected)


def test_a_mixed_column_is_text() -> None:
    frame = pd.DataFrame({"c": [1, "a", 1, "a", None, 2.5]})
    column = columns_of(frame)["c"]
    assert column.to_pylist() == ["1", "a", "1", "a", None, "2.5"]


def test_whole_numbers_match_levels_whatever_their_type() -> None:
    encoder = Encoder.fit(pa.table({"c": ["01", "2", "2", "3", "3", "3"]}))
    codes = [encoder.transform(pa.table({"c": c})).values[0, 0] for c in ([3], [3.0], ["3"])]
    assert codes == [0, 0, 0]


CELLS = [
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.text(max_size=8),
    st.sampled_from(["a", "b", "c", ""]),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.decimals(-1000, 1000, places=2),
    st.times(),
    st.lists(st.integers(0, 3), max_size=2),
    st.one_of(st.integers(0, 9), st.text(max_size=2)),
]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(1, 12))
    columns = {}
    for name in draw(st.lists(st.text(max_size=5), min_size=1, max_size=4, unique=True)):
        cell = draw(st.sampled_from(CELLS))
        values = draw(st.lists(st.none() | cell, min_size=rows, max_size=rows))
        columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame({"sure": range(rows), **columns})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames(), st.randoms())
def test_any_frame_can_be_encoded_and_its_encoder_stored(frame: pd.DataFrame, random: Any) -> None:
    frame["always"] = [0.0, *range(1, len(frame))] if len(frame) > 1 else [0.0]
    try:
        encoder = Encoder.fit(frame)
    except InvalidInput:
        return
    encoded = encoder.transform(frame)
    assert encoded.values.shape == (len(frame), len(encoder.names))
    assert not np.isinf(encoded.values).any()
    stored = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    shuffled = random.sample(list(frame.columns), len(frame.columns))
    assert same(stored.transform(frame[shuffled]), encoded)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=6), min_size=2, max_size=30), st.lists(st.text(max_size=6)))
def test_any_text_can_be_encoded_later(fitted: list[str], later: list[str]) -> None:
    rows = len(fitted)
    encoder = Encoder.fit(pa.table({"c": fitted, "n": range(rows)}))
    encoded = encoder.transform(
        pa.table({"c": pa.array(later, pa.string()), "n": [0] * len(later)})
    )
    assert len(encoded) == len(later)
