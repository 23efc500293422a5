"""Columns, types and the label's counts."""

from pathlib import Path

import pyarrow as pa
import pytest

from automl_magics.contracts.data import LabelProfile
from automl_magics.contracts.errors import InvalidInput
from automl_magics.data import profile
from automl_magics.data.profile import profile_source
from automl_magics.data.source import Source

HERE = Path()


def test_types_are_those_of_the_engine() -> None:
    query = """
        SELECT true AS b, 1::UTINYINT AS i, 1.5::DECIMAL(9, 2) AS d, 1::FLOAT AS f, 'x' AS t,
               uuid() AS u, 'x'::ENUM('x') AS e, current_date AS day, now() AS moment,
               TIMESTAMP_NS '2020-01-01' AS ns, [1] AS list, {'a': 1} AS struct
    """
    assert dict(profile_source(Source(query, HERE), None).columns) == {
        "b": "boolean",
        "i": "integer",
        "d": "float",
        "f": "float",
        "t": "text",
        "u": "text",
        "e": "text",
        "day": "datetime",
        "moment": "datetime",
        "ns": "datetime",
        "list": "other",
        "struct": "other",
    }


def test_nan_and_null_are_missing() -> None:
    table = pa.table({'odd "name"': [1.0, float("nan"), None, 1.0, 2.0]})
    found = profile_source(Source("t", HERE, frames={"t": table}), 'odd "name"').label
    assert found == LabelProfile(
        column='odd "name"',
        type="float",
        rows=5,
        missing=2,
        distinct=2,
        lowest=1.0,
        highest=2.0,
        whole=True,
    )


def test_a_label_that_is_no_column_is_refused_with_the_nearest_names() -> None:
    source = Source("SELECT 1 AS churned, 2 AS tenure", HERE)
    with pytest.raises(InvalidInput, match="Did you mean 'churned'") as refused:
        profile_source(source, "Churn")
    assert refused.value.field == "label_column"


def test_a_query_that_gives_no_rows_for_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "PATIENCE", 0.05)
    monkeypatch.setattr(profile, "LAST_PATIENCE", 0.2)
    query = "SELECT sum(i) % 7 AS y FROM range(200_000_000_000) r(i) GROUP BY i % 3"
    with pytest.raises(InvalidInput, match="gives no rows within"):
        profile_source(Source(query, HERE), "y")


def test_a_source_too_large_to_count_is_judged_by_its_first_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profile, "PATIENCE", 0.05)
    query = "SELECT CASE WHEN i < 1000 THEN i % 3 ELSE i END AS y FROM range(20_000_000_000) r(i)"
    found = profile_source(Source(query, HERE), "y").label
    assert found is not None
    assert found.rows == profile.SAMPLE_ROWS
