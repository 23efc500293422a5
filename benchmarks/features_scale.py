"""Millions of child rows: how long the crew takes to propose, and to make the table.

    python benchmarks/features_scale.py --rows 5000000

The rows are orders of 100,000 customers, by arithmetic. The table is made by turns by us (caged,
with progress) and by a bare DuckDB that executes the very statement on the very files; the ratio is
between the best of each. CPU seconds are those of this process.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from automl_magics.contracts.features import FeatureEngineeringRequest
from automl_magics.features.crew import BuiltinDesigner, Proposal, propose
from automl_magics.features.publish import materialize

CUSTOMERS = 100_000


class Steps:
    """Tells when each step begins."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()

    def step(self, name: str, message: str) -> None:
        print(f"{time.perf_counter() - self._begin:7.1f} s  {name}: {message}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _tables(folder, arguments.rows)
        found: list[Proposal] = []
        wall, cpu = _timed(lambda: found.append(_proposed(files, folder)))
        features = len(found[0].recipe.features)
        print(f"proposed {features} features in {wall:.1f} s, {cpu:.1f} CPU-s", flush=True)
        ours, bare = [], []
        for _ in range(arguments.rounds):
            ours.append(_timed(lambda: _made(found[0], files, folder)))
            bare.append(_timed(lambda: _made_bare(found[0], files, folder)))
            print(f"made in {ours[-1][0]:.1f} s, by DuckDB in {bare[-1][0]:.1f} s", flush=True)
        for what, place in (("wall", 0), ("CPU", 1)):
            ratio = min(one[place] for one in ours) / min(one[place] for one in bare)
            print(f"best of {arguments.rounds}, {what}: {ratio:.2f} of DuckDB's own time")


def _tables(folder: Path, rows: int) -> dict[str, Path]:
    files = {name: folder / f"{name}.parquet" for name in ("customers", "orders")}
    with duckdb.connect() as connection:
        connection.sql(
            "SELECT i AS customer_id, 'r' || (i % 7) AS region, hash(i) % 100 < 30 AS churned"  # noqa: S608
            f" FROM range({CUSTOMERS}) AS t(i)"
        ).write_parquet(str(files["customers"]))
        connection.sql(
            f"SELECT i AS order_id, hash(i) % {CUSTOMERS} AS customer_id,"  # noqa: S608
            " TIMESTAMP '2023-01-01' + INTERVAL (hash(i * 7) % 40000000) SECOND AS ordered_at,"
            " (hash(i * 3) % 1000) / 10.0 AS amount, 'c' || (hash(i * 5) % 12) AS channel,"
            f" CAST(hash(i * 11) % 9 AS INTEGER) AS items FROM range({rows}) AS t(i)"
        ).write_parquet(str(files["orders"]))
    return files


def _proposed(files: dict[str, Path], folder: Path) -> Proposal:
    request = FeatureEngineeringRequest(
        target_table_name="training",
        source_tables=list(files),
        entity_grain=["customer_id"],
        label={"column": "churned"},
        cutoff="2024-01-01",
    )
    steps = Steps()
    names = {name: name for name in files}
    return propose(
        request,
        files,
        names,
        scratch=folder / "spill",
        designer=BuiltinDesigner(steps),
        listener=steps,
    )


def _made(found: Proposal, files: dict[str, Path], folder: Path) -> None:
    materialize(
        found.recipe,
        found.plan,
        files,
        scratch=folder / "spill",
        database=folder / "ours.duckdb",
        progress=lambda _share: None,
    )


def _made_bare(found: Proposal, files: dict[str, Path], folder: Path) -> None:
    database = folder / "bare.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        for name, path in files.items():
            connection.read_parquet(str(path)).create_view(name)
        connection.execute(found.sql)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
