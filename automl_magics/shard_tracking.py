"""What the tasks of one search leave for each other in MLflow: a run to a shard, with its model."""

from dataclasses import dataclass, replace
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
FITS = "fits"
"""The folder of a shard's finished fits, where there are several shards."""

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
    def fits(self) -> Path:
        """Where its finished fits are."""
        return self.folder / FITS

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
    """Write what a shard found to a run of its own.

    Parameters
    ----------
    folder
        It is filled, and all of it is kept; `FITS` may be there already.
    """
    _write(outcome, folder)
    (folder / TRIALS).write_bytes(_TRIALS.dump_json(trials))
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


def combined(best: Shard, outcome: "Outcome", folder: Path) -> Shard:
    """Return what was made of all shards' models, in place of the best shard's own."""
    folder.mkdir()
    _write(outcome, folder)
    return replace(best, result=outcome.result, folder=folder)


def _write(outcome: "Outcome", folder: Path) -> None:
    outcome.model.save(folder / MODEL_FOLDER)
    (folder / RESULT).write_text(outcome.result.model_dump_json())
    if outcome.test_predictions is not None:
        outcome.test_predictions.to_parquet(folder / PREDICTIONS)


def put_under(shards: list[Shard], tracked: Tracked) -> None:
    """Show the shards' runs beneath the job's run."""
    client = import_mlflow().MlflowClient()
    for shard in shards:
        client.set_tag(shard.run_id, PARENT_TAG, tracked.run_id)
