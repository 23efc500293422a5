"""The main job, for real, in about a minute: ``python -m automl_magics.demo`` or ``make demo``.

A data set becomes a CSV, the CSV a training job in a background kernel, the job a registered model
that predicts. The home is the usual one, so JupyterLab shows the same job afterwards.
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingResult
from automl_magics.displays.wording import duration, score
from automl_magics.job import TrainingJobHandle
from automl_magics.session import Session, connect
from automl_magics.settings import Settings

FILE = Path("demo") / "breast_cancer.csv"
LABEL = "diagnosis"
NAME = "breast-cancer"
TIME_LIMIT = 20.0
CELL = f"""\
%load_ext automl_magics
%automl show {NAME}"""


def main() -> int:
    """Run the demo and return its exit code."""
    console = Console(highlight=False)
    try:
        rows, columns = write_data(FILE)
        console.print(f"[bold]1[/]  Wrote {FILE}: {rows} rows, {columns} columns.")
        with connect(Settings(server_url="none")) as session:
            job = train(session, console)
            report(job, console)
    except AutoMLError as error:
        console.print(f"[red]automl:[/] {error}")
        return 1
    except KeyboardInterrupt as interrupt:
        console.print(str(interrupt) or "Interrupted.")
        return 130
    return 0


def write_data(path: Path) -> tuple[int, int]:
    """Write scikit-learn's breast cancer set as CSV and return its rows and columns."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    frame[LABEL] = frame.pop("target").map({0: "malignant", 1: "benign"})
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)
    return len(frame), len(frame.columns)


def train(session: Session, console: Console) -> TrainingJobHandle:
    """Train in a background kernel, with live progress, and return the completed job."""
    request = AutoMLTrainingRequest(
        source_table=str(FILE.absolute()),
        label_column=LABEL,
        name=NAME,
        domain="demo",
        preset="fast",
        time_limit=TIME_LIMIT,
    )
    job = TrainingJobHandle(session, session.jobs.create(request))
    console.print(f"[bold]2[/]  Training {NAME} ({job.id.hex[:8]}) in a background kernel …")
    return job.wait()


def report(job: TrainingJobHandle, console: Console) -> None:
    """Print what was found, a few predictions, and how to go on."""
    record, result = job.record, job.result
    if result is None:
        msg = "a complete job has a result"
        raise AssertionError(msg)
    console.print(f"[bold]3[/]  Complete after {duration(result.seconds)}.")
    console.print(_leaderboard(result))
    for what, value in (
        (f"{result.metric} on validation rows", score(result.validation_score)),
        (f"{result.metric} on test rows", f"[bold green]{score(result.test_score)}[/]"),
        ("MLflow run", str(record.mlflow_run_id)),
        ("registered model", str(record.model_uri)),
    ):
        console.print(f"   {what:<28} {value}")
    console.print("[bold]4[/]  The model of the registry predicts, here for three rows:")
    console.print(_predictions(job))
    cell = Syntax(CELL, "python", background_color="default")
    console.print("[bold]5[/]  Go on in JupyterLab: [bold]make lab[/], a new notebook, and")
    console.print(Panel(cell, expand=False))


def _leaderboard(result: TrainingResult) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 3))
    table.add_column("rank", justify="right")
    table.add_column("candidate")
    table.add_column(result.metric, justify="right")
    table.add_column("seconds", justify="right")
    for row in result.leaderboard:
        table.add_row(
            str(row.rank),
            row.candidate,
            score(row.score),
            f"{row.seconds:.1f}",
            style="bold" if row.is_best else "",
        )
    return table


def _predictions(job: TrainingJobHandle) -> Table:
    predicted = job.predict(f"FROM '{FILE}' LIMIT 3")
    table = Table(*map(str, predicted.columns), box=None, padding=(0, 2, 0, 3))
    for row in predicted.itertuples(index=False):
        table.add_row(*(score(cell) if isinstance(cell, float) else str(cell) for cell in row))
    return table


if __name__ == "__main__":
    sys.exit(main())
