"""The series that forecasts are compared on: single ones, and several at once.

``ts_airline`` and ``ts_etth1`` are the bench's. ``etth1_columns`` has the seven columns of the
latter as series, ``attendance`` the spectators of baseball's franchises by year (Lahman's teams).
The others are in statsmodels: sea temperatures by month, sunspots by year, and the United States'
economy by quarter, each column a series. No network is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

HOURS = 2_000


@dataclass(frozen=True)
class SeriesSet:
    """Rows of ``series``, ``time``, ``value`` and covariates, in order."""

    load: Callable[[Path], pd.DataFrame]
    horizon: int
    season: int
    freq: str


def airline(data: Path) -> pd.DataFrame:
    rows = pd.read_parquet(data / "ts_airline" / "data.parquet")
    return _one(pd.to_datetime(rows["month"]), rows["passengers"])


def etth1(data: Path) -> pd.DataFrame:
    rows = pd.read_parquet(data / "ts_etth1" / "data.parquet")
    others = rows.drop(columns=["date", "OT"])
    return pd.concat([_one(rows["date"], rows["OT"]), others], axis=1)


def etth1_columns(data: Path) -> pd.DataFrame:
    rows = pd.read_parquet(data / "ts_etth1" / "data.parquet").iloc[-HOURS:]
    return _columns(rows.drop(columns="date"), rows["date"])


def attendance(data: Path) -> pd.DataFrame:
    teams = pd.read_parquet(data / "mt_lahman_salary" / "teams.parquet")
    teams = teams[(teams["attendance"] > 0) & (teams["yearID"] < 2020)]  # none in 2020's pandemic
    years = teams.groupby("franchID")["yearID"].transform("count")
    teams = teams[years == years.max()].sort_values(["franchID", "yearID"], ignore_index=True)
    times = pd.to_datetime(teams["yearID"].astype(str) + "-01-01")
    return pd.DataFrame(
        {"series": teams["franchID"], "time": times, "value": teams["attendance"].astype(float)}
    )


def sea(_: Path) -> pd.DataFrame:
    from statsmodels.datasets import elnino

    table = elnino.load_pandas().data
    values = table.drop(columns="YEAR").to_numpy().ravel()
    start = f"{int(table['YEAR'].iloc[0])}-01-01"
    return _one(pd.Series(pd.date_range(start, periods=len(values), freq="MS")), pd.Series(values))


def spots(_: Path) -> pd.DataFrame:
    from statsmodels.datasets import sunspots

    table = sunspots.load_pandas().data
    times = pd.to_datetime(table["YEAR"].astype(int).astype(str) + "-01-01")
    return _one(times, table["SUNACTIVITY"])


def economy(_: Path) -> pd.DataFrame:
    from statsmodels.datasets import macrodata

    table = macrodata.load_pandas().data
    times = pd.Series(pd.date_range("1959-01-01", periods=len(table), freq="QS"))
    return _columns(table.drop(columns=["year", "quarter"]), times)


def _one(times: "pd.Series[pd.Timestamp]", values: "pd.Series[float]") -> pd.DataFrame:
    return pd.DataFrame({"series": "one", "time": times, "value": values.astype(float)})


def _columns(table: pd.DataFrame, times: "pd.Series[pd.Timestamp]") -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"series": name, "time": times.to_numpy(), "value": table[name].to_numpy(float)}
        )
        for name in sorted(table.columns)
    ]
    return pd.concat(parts, ignore_index=True)


SETS = {
    "ts_airline": SeriesSet(airline, 12, 12, "MS"),
    "ts_etth1": SeriesSet(etth1, 24, 24, "h"),
    "sea": SeriesSet(sea, 12, 12, "MS"),
    "sunspots": SeriesSet(spots, 11, 1, "YS"),
    "etth1_columns": SeriesSet(etth1_columns, 24, 24, "h"),
    "attendance": SeriesSet(attendance, 4, 1, "YS"),
    "economy": SeriesSet(economy, 8, 4, "QS"),
}
