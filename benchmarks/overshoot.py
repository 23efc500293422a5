"""Jobs as people run them, from the worker's start to the registered model: when were they done?

    python benchmarks/overshoot.py --rows 1000 100000 --columns 30 --budgets 10 30

Each job runs in a background kernel with a store and an MLflow of its own. Overshoot is what it
took beyond its time limit; allowed are 1 s or 3 %, whichever is more. "First" is when there was a
model that could have been used.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", nargs="*", type=int, default=[1_000, 20_000, 100_000])
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--budgets", nargs="*", type=float, default=[10.0, 30.0])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        store = Store.open(settings)
        dispatcher = BackgroundDispatcher(store, settings)
        dispatcher.start()
        service = TrainingService(store, settings, wake=dispatcher.wake)
        print(f"{'rows':>8}{'budget':>8}{'first':>8}{'done':>8}{'over':>7}  where it went")
        late = 0
        for rows in arguments.rows:
            path = Path(folder) / f"rows-{rows}.parquet"
            pq.write_table(_table(rows, arguments.columns), path)
            for budget in arguments.budgets:
                late += _show(_run(service, path, budget), rows, budget)
        dispatcher.close()
        store.close()
    print(f"too late: {late}")


def _table(rows: int, columns: int) -> pa.Table:
    """Return a table of two classes with numbers and a few categories."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(rows, columns))
    odds = numbers[:, 0] * numbers[:, 1] + numbers[:, 2] + random.normal(size=rows)
    named = {f"x{i}": numbers[:, i] for i in range(columns - 2)}
    for i in range(2):
        named[f"c{i}"] = np.array([f"level {n}" for n in range(12)])[random.integers(0, 12, rows)]
    return pa.table({**named, "y": np.where(odds > 0, "yes", "no")})


def _run(service: TrainingService, path: Path, budget: float) -> TrainingJob:
    request = AutoMLTrainingRequest(source_table=str(path), label_column="y", time_limit=budget)
    job = service.create(request)
    while not job.status.is_terminal:
        time.sleep(0.5)
        job = service.get(job.job_id)
    return job


def _show(job: TrainingJob, rows: int, budget: float) -> bool:
    """Print a line and return whether the job was too late or failed."""
    if job.result is None:
        print(f"{rows:>8}{budget:>8g}  {job.error_message}", flush=True)
        return True
    first = job.progress.first_model_after if job.progress else None
    over = max(0.0, job.result.seconds - budget)
    by_item = sorted(job.result.ledger, key=lambda entry: -entry.seconds)[:6]
    went = ", ".join(f"{entry.item} {entry.seconds:.1f}" for entry in by_item)
    print(
        f"{rows:>8}{budget:>8g}{first or 0:>8.1f}{job.result.seconds:>8.1f}{over:>7.2f}  {went}",
        flush=True,
    )
    return over > max(1.0, 0.03 * budget)


if __name__ == "__main__":
    main()
