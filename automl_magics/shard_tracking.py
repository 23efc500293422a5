"""What the tasks of one search leave for each other in MLflow: a run to a shard, with its model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from automl_magics.contracts.training import TrainingJob, TrainingResult, Trial
from automl_magics.tracking import MODEL_FOLDER, Tracked, import_mlflow

if TYPE_CHECKING:
    import pandas as pd

    from automl_magics.training.engine import Outcome

JOB_TAG = "automl.job_id"
SHARD_TAG = "automl.shard"
PARENT_TAG = "mlflow.parentRunId"
RESULT, TRIALS, PREDICTIONS = "result.json", "trials.json", "test_predictions.parquet"

_TRIALS = TypeAdapter(list[Trial])


@dataclass(frozen=True)
class Shard:
    """What one task of a search found."""

    run_id: str
    index: int
    result: TrainingResult
    trials: list[Trial]
    folder: Path
    """Where the files of its run are, on this machine."""

    @property
    def model_folder(self) -> Path:
        """Where `automl_magics.training.saved.load_model` finds its model."""
        return self.folder / MODEL_FOLDER

    @property
    def test_predictions(self) -> "pd.DataFrame | None":
        """The test rows' ``label`` and predictions."""
        import pandas as pd

        path = self.folder / PREDICTIONS
        return pd.read_parquet(path) if path.exists() else None


def keep_shard(
    job: TrainingJob,
    experiment_id: str,
    *,
    index: int,
    outcome: "Outcome",
    trials: list[Trial],
    folder: Path,
) -> None:
    """Write what a shard found to a run of its own; ``folder`` is empty and is filled first."""
    outcome.model.save(folder / MODEL_FOLDER)
    (folder / RESULT).write_text(outcome.result.model_dump_json())
    (folder / TRIALS).write_bytes(_TRIALS.dump_json(trials))
    if outcome.test_predictions is not None:
        outcome.test_predictions.to_parquet(folder / PREDICTIONS)
    mlflow = import_mlflow()
    tags = {JOB_TAG: str(job.job_id), SHARD_TAG: str(index)}
    with mlflow.start_run(
        experiment_id=experiment_id, run_name=f"{job.name} shard {index}", tags=tags
    ):
        mlflow.log_metric(f"validation_{outcome.result.metric}", outcome.result.validation_score)
        mlflow.log_artifacts(str(folder))


def find_shards(job: TrainingJob, experiment_id: str, folder: Path) -> list[Shard]:
    """Return what the shards of a job have found, the newest run of each, copied to ``folder``."""
    mlflow = import_mlflow()
    runs = mlflow.MlflowClient().search_runs(
        [experiment_id],
        filter_string=(f"tags.`{JOB_TAG}` = '{job.job_id}' AND attributes.status = 'FINISHED'"),
        order_by=["attributes.start_time DESC"],
    )
    newest: dict[int, str] = {}
    for run in runs:
        if SHARD_TAG in run.data.tags:
            newest.setdefault(int(run.data.tags[SHARD_TAG]), run.info.run_id)
    found = []
    for index, run_id in sorted(newest.items()):
        place = folder / str(index)
        place.mkdir()
        mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(place))
        result = TrainingResult.model_validate_json((place / RESULT).read_text())
        trials = _TRIALS.validate_json((place / TRIALS).read_bytes())
        found.append(Shard(run_id, index, result, trials, place))
    return found


def put_under(shards: list[Shard], tracked: Tracked) -> None:
    """Show the shards' runs beneath the job's run."""
    client = import_mlflow().MlflowClient()
    for shard in shards:
        client.set_tag(shard.run_id, PARENT_TAG, tracked.run_id)


def merged(best: TrainingResult, others: list[TrainingResult]) -> TrainingResult:
    """Return the best result with the leaderboard and the warnings of all.

    ``others`` are those of the other shards.
    """
    if not others:
        return best
    rows = [row for result in (best, *others) for row in result.leaderboard]
    rows.sort(key=lambda row: row.score, reverse=best.higher_is_better)
    warnings = [warning for result in (best, *others) for warning in result.warnings]
    leader = next((row for row in best.leaderboard if row.is_best), None)
    return best.model_copy(
        update={
            "leaderboard": [
                row.model_copy(update={"rank": rank, "is_best": row is leader})
                for rank, row in enumerate(rows, start=1)
            ],
            "warnings": list(dict.fromkeys(warnings)),
            "seconds": max(result.seconds for result in (best, *others)),
        }
    )
