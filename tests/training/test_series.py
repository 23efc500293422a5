from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.enums import AutoMLAlgorithm, Preset, ProblemType
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.problems import problem_of, settled
from automl_magics.training.saved import load_model
from automl_magics.training.series.calendar import find_calendar
from automl_magics.training.series.error_sizes import ErrorSizes
from automl_magics.training.series.intervals import Intervals, independent_errors
from automl_magics.training.series.scores import Actual, mase, naive_scales
from automl_magics.training.task import Task

SERIES = ProblemType.TIME_SERIES


def forecast(table: pa.Table, **options: Any) -> Outcome:
    task = Task(**{"label_column": "y", "time_column": "t", "preset": Preset.FAST, **options})
    return train(table, settled(task), budget=Budget(600), threads=1)


def monthly(months: int = 96) -> pd.DataFrame:
    t = np.arange(months)
    y = 100 + t + 20 * np.sin(2 * np.pi * t / 12) + np.random.default_rng(0).normal(0, 1, months)
    return pd.DataFrame({"t": pd.date_range("2015-01-01", periods=months, freq="MS"), "y": y})


@pytest.fixture(scope="module")
def trained() -> Outcome:
    return forecast(pa.Table.from_pandas(monthly()[:84]), horizon=12, max_trials=5)


def test_a_season_is_found_and_followed(trained: Outcome) -> None:
    actual = monthly()[84:]
    found = trained.model.predict(pd.DataFrame())
    assert list(found["t"]) == list(actual["t"])
    assert np.abs(found["prediction"].to_numpy() - actual["y"].to_numpy()).mean() < 5
    result = trained.result
    assert (result.metric, result.higher_is_better) == ("mase", False)
    assert result.validation == "2 rolling windows of 12 steps"
    assert result.test_score is not None
    assert result.test_score < 0.7  # the seasonal naive forecast has 1 or more
    assert {"mase", "wql", "rmsse", "wape", "coverage_80"} <= set(result.test_scores)
    assert sum(row.weight or 0 for row in result.leaderboard if not row.is_best) <= 1.001
    assert result.leaderboard[0].is_best
    assert result.model_dump_json()


def test_quantiles_are_in_order_around_the_forecast(trained: Outcome) -> None:
    found = trained.model.predict(pd.DataFrame())
    quantiles = found[[name for name in found if name.startswith("quantile")]].to_numpy()
    assert quantiles.shape == (12, 9)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert list(found.columns) == trained.model.output_columns


def test_a_saved_model_forecasts_the_same(trained: Outcome, tmp_path: Path) -> None:
    trained.model.save(tmp_path)
    newer = monthly()[84:90]
    for rows in (pd.DataFrame(), newer, newer.drop(columns="y")):
        expected = trained.model.predict(rows)
        pd.testing.assert_frame_equal(load_model(tmp_path).predict(rows), expected)


def test_newer_rows_move_the_forecast_on(trained: Outcome) -> None:
    found = trained.model.predict(monthly()[84:87])
    assert found["t"].iloc[0] == pd.Timestamp("2022-04-01")
    assert len(found) == 12


def test_rows_without_label_are_answered_one_by_one(trained: Outcome) -> None:
    asked = pd.DataFrame({"t": ["2022-03-01", "2022-01-01"]}, index=[7, 3])
    found = trained.model.predict(asked)
    assert list(found.index) == [7, 3]
    whole = trained.model.predict(pd.DataFrame())["prediction"]
    assert found["prediction"].tolist() == [whole[2], whole[0]]


@pytest.mark.parametrize(
    ("when", "message"), [("2021-12-01", "is not ahead"), ("2024-01-01", "25 steps ahead")]
)
def test_rows_that_cannot_be_forecast_are_refused(
    trained: Outcome, when: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        trained.model.predict(pd.DataFrame({"t": [when]}))


def test_several_series_gaps_and_covariates(tmp_path: Path) -> None:
    """The price is known ahead, since rows after the last label hold it; the size is static."""
    rng, parts = np.random.default_rng(1), []
    for name, size in (("a", 1.0), ("b", 10.0)):
        price = rng.choice([1.0, 2.0], 90)
        y = size * (10 + 5 * (price == 1) + rng.normal(0, 0.3, 90))
        y[80:] = np.nan
        days = pd.date_range("2024-01-01", periods=90, freq="D")
        parts.append(
            pd.DataFrame({"t": days, "s": name, "y": y, "price": price, "size": str(size)})
        )
    frame = pd.concat(parts).drop(index=[20, 21]).reset_index(drop=True)
    outcome = forecast(
        pa.Table.from_pandas(frame), series_column="s", horizon=10,
        algorithm=AutoMLAlgorithm.LIGHTGBM_REGRESSOR,
    )  # fmt: skip
    assert any("steps are missing" in warning for warning in outcome.result.warnings)
    assert outcome.result.feature_importance["price"] > 0.2
    assert sum(outcome.result.feature_importance.values()) == pytest.approx(1)
    asked = frame[frame["y"].isna()]
    found = outcome.model.predict(asked)
    cheap = (asked["price"] == 1) & (asked["s"] == "a")
    dear = (asked["price"] == 2) & (asked["s"] == "a")
    assert found.loc[cheap, "prediction"].mean() > found.loc[dear, "prediction"].mean() + 2
    outcome.model.save(tmp_path)
    pd.testing.assert_frame_equal(load_model(tmp_path).predict(asked), found)


def test_constant_negative_and_very_short_series_together() -> None:
    rng, parts = np.random.default_rng(2), []
    for name, y in {
        "same": np.full(40, 7.0), "same too": np.full(40, 0.0), "below": rng.normal(-90, 1, 40),
        "gaps": np.where(rng.random(40) < 0.3, np.nan, rng.normal(50, 1, 40)),
        "two": np.array([3.0, 4.0]),
    }.items():  # fmt: skip
        days = pd.date_range("2024-01-01", periods=len(y), freq="D")
        parts.append(pd.DataFrame({"t": days, "s": name, "y": y}))
    table = pa.Table.from_pandas(pd.concat(parts), preserve_index=False)
    found = forecast(table, series_column="s", horizon=3, max_trials=5).model.predict(
        pd.DataFrame()
    )
    quantiles = found.filter(like="quantile").to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    middles = found.groupby("s")["prediction"].mean()
    expected = {"same": 7, "same too": 0, "below": -90, "gaps": 50, "two": 4}
    assert middles.to_dict() == pytest.approx(expected, abs=1.5)


def test_the_problem_is_told_by_its_columns() -> None:
    columns: Any = {"t": "datetime", "y": "float"}
    assert problem_of(Task("y", time_column="t", horizon=3), columns, None) is SERIES


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"time_column": None}, "time_column", "perhaps 't'"),
        ({"horizon": 20_000}, "horizon", "too long"),
        ({"weight_column": "w"}, "weight_column", "no meaning"),
        ({"label_column": "word"}, "label_column", "only numbers"),
        ({"metric": "roc_auc"}, "metric", "not a metric of time series"),
        ({"algorithm": AutoMLAlgorithm.ISOLATION_FOREST}, "algorithm", "cannot learn"),
        ({"action_column": "w"}, "action_column", "no meaning for time series"),
    ],
)
def test_what_is_missing_is_said_before_a_job_is_made(
    options: dict[str, Any], field: str, message: str
) -> None:
    columns: Any = {"t": "datetime", "y": "float", "w": "float", "word": "text"}
    given = {"label_column": "y", "time_column": "t", "problem_type": SERIES, **options}
    with pytest.raises(InvalidInput, match=message) as refusal:
        problem_of(Task(**given), columns, None)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon": 60}, "too few to forecast 60 steps"),
        ({"twice": True}, "share a time with another one"),
        ({"irregular": True}, "follow no regular step|missing|too far apart"),
    ],
)
def test_data_that_cannot_be_forecast_is_refused(change: dict[str, Any], message: str) -> None:
    frame = monthly(60)
    if change.pop("twice", False):
        frame = pd.concat([frame, frame])
    if change.pop("irregular", False):
        seconds = np.random.default_rng(0).integers(0, 10**9, len(frame))
        frame["t"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(seconds), unit="s")
    with pytest.raises(InvalidInput, match=message):
        forecast(pa.Table.from_pandas(frame), **{"horizon": 3, **change})


@pytest.mark.parametrize("freq", ["h", "D", "B", "W", "MS", "ME", "QS", "YS", "15min"])
def test_steps_are_found_and_lead_back_to_moments(freq: str) -> None:
    times = pd.date_range("2021-01-04", periods=40, freq=freq).to_numpy().astype("datetime64[us]")
    calendar = find_calendar(times, np.zeros(40, dtype=np.int64), "t")
    steps = calendar.steps(times)
    assert (np.diff(steps) == 1).all()
    assert (calendar.moments(steps) == times).all()
    ahead = pd.date_range(times[-1], periods=3, freq=freq).to_numpy().astype("datetime64[us]")
    assert (calendar.moments(steps[-1] + np.arange(3)) == ahead).all()


def test_mase_of_the_naive_forecast_is_one() -> None:
    values = np.array([1.0, 5.0, 2.0, 6.0, 3.0, 7.0])
    absolute, squared = naive_scales(values, 2)
    assert (absolute, squared) == (1.0, 1.0)
    actual = Actual(np.array([[4.0, np.nan]]), np.array([absolute]), np.array([squared]),
                    np.array([1]), np.array([0]))  # fmt: skip
    assert mase(actual, np.array([[3.0, 7.0]])) == 1.0


def test_intervals_hold_what_they_say() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(400, 5)) * np.arange(1, 6)
    ones = np.ones(400)
    actual = Actual(errors, ones, ones, np.repeat([1, 2], 200), np.arange(400))
    fitted = Intervals.fit(actual, np.zeros((400, 5)))
    new = rng.normal(size=(400, 5)) * np.arange(1, 6)
    found = fitted.quantiles(np.zeros((400, 5)), ones, np.arange(400))
    inside = (new >= found[:, :, 0]) & (new <= found[:, :, -1])
    assert 0.75 < inside.mean() < 0.87
    assert (np.diff(fitted.spread) >= 0).all()


def test_errors_of_a_window_that_are_alike_count_for_fewer() -> None:
    rng = np.random.default_rng(0)
    level, noise, rows = rng.normal(size=(300, 1)), rng.normal(size=(300, 12)), np.arange(300)
    assert independent_errors(np.repeat(level, 12, axis=1), rows) == pytest.approx(300)
    assert independent_errors(noise, rows) > 3000
    assert 300 < independent_errors(level + noise, rows) < 1000
    assert independent_errors(np.full((2, 3), np.nan), np.arange(2)) == 2
    shared = np.repeat(level[:100], 3, axis=0)
    assert independent_errors(shared + 0 * noise, rows // 3) == pytest.approx(100)


def test_a_series_that_is_forecast_well_has_narrow_intervals() -> None:
    """Three windows of twelve series, of which one half has errors ten times as large."""
    rng, inside = np.random.default_rng(0), []
    size = np.where(np.arange(12) < 6, 1.0, 10.0)
    for _ in range(100):
        errors = np.tile(size, 4)[:, None] * (rng.normal(size=(48, 1)) + rng.normal(size=(48, 4)))
        actual = Actual(errors, np.ones(48), np.ones(48), np.arange(48) // 12, np.arange(48) % 12)
        fitted = Intervals.fit(actual.take(actual.window > 0), np.zeros((36, 4)))
        kept = Intervals.from_dict(fitted.to_dict())
        found = kept.quantiles(np.zeros((13, 4)), np.ones(13), np.r_[np.arange(12), -1])
        widths = found[:, 0, -1] - found[:, 0, 0]
        assert widths[:6].mean() < 0.3 * widths[6:12].mean()
        assert widths[:6].mean() < widths[12] < widths[6:12].mean()
        inside.append((errors[:12] >= found[:12, :, 0]) & (errors[:12] <= found[:12, :, -1]))
    for half in (slice(0, 6), slice(6, 12)):
        assert 0.75 < np.mean([part[half] for part in inside]) < 0.88


def test_series_that_differ_by_chance_are_taken_for_alike() -> None:
    errors = np.random.default_rng(0).normal(size=(60, 4))
    found = ErrorSizes.fit(errors, np.arange(60) % 20, 240)
    alone = np.sqrt((errors**2).reshape(3, 20, 4).mean(axis=(0, 2)))
    assert found.sizes[:-1].std() < 0.5 * alone.std()
    exact = ErrorSizes.fit(np.zeros((8, 4)), np.arange(8) % 4, 8)
    assert (exact.of(np.arange(5)) == 1).all()


def test_intervals_of_three_windows_hold_what_they_say() -> None:
    """Each window is off by something of its own, as forecasts are."""
    rng, inside, ones = np.random.default_rng(0), [], np.ones(4)
    for _ in range(300):
        errors = rng.normal(size=(4, 1)) + 0.7 * rng.normal(size=(4, 8))
        actual = Actual(errors, ones, ones, np.arange(4), np.arange(4))
        fitted = Intervals.fit(actual.take(np.arange(4) > 0), np.zeros((3, 8)))
        found = fitted.quantiles(np.zeros((1, 8)), ones[:1], np.zeros(1, dtype=np.int64))
        inside.append((errors[:1] >= found[..., 0]) & (errors[:1] <= found[..., -1]))
    assert 0.75 < np.mean(inside) < 0.87


def test_a_model_comes_out_even_without_time() -> None:
    task = Task("y", SERIES, time_column="t", horizon=12)
    outcome = train(pa.Table.from_pandas(monthly()), task, budget=Budget(0.001), threads=1)
    assert len(outcome.model.predict(pd.DataFrame())) == 12


COLUMNS: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "days": lambda _, n: pd.date_range("2024-01-01", periods=n, freq="D"),
    "text": lambda _, n: [f"2020-{1 + i % 12:02}-01" for i in range(n)],
    "steps": lambda _, n: np.arange(n),
    "random": lambda rng, n: rng.integers(0, 50, n),
    "gone": lambda _, n: [None] * n,
}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 1000), rows=st.integers(0, 60), time=st.sampled_from(sorted(COLUMNS)),
    scale=st.sampled_from([0.0, 1.0, 1e9, -1e-9]), holes=st.booleans(),
    series=st.booleans(), horizon=st.sampled_from([None, 1, 4, 40]),
)  # fmt: skip
def test_any_table_trains_or_is_refused(
    seed: int, rows: int, time: str, scale: float, holes: bool, series: bool, horizon: int | None
) -> None:
    rng = np.random.default_rng(seed)
    y = scale * rng.normal(size=rows)
    if holes:
        y[rng.random(rows) < 0.4] = np.nan
    frame = pd.DataFrame({"t": COLUMNS[time](rng, rows), "y": y, "x": rng.normal(size=rows)})
    if series:
        frame["s"] = rng.choice(["a", "b", None], rows)
    try:
        outcome = forecast(
            pa.Table.from_pandas(frame, preserve_index=False), horizon=horizon, max_trials=5,
            problem_type=SERIES, series_column="s" if series else None,
        )  # fmt: skip
    except AutoMLError as error:
        assert error.message  # noqa: PT017 - any of ours will do
    else:
        found = outcome.model.predict(pd.DataFrame())
        assert np.isfinite(found["prediction"]).all()
        assert outcome.result.model_dump_json()
