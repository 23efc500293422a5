"""MLflow: one run per job, its model as a pyfunc in the registry.

Also MLflow's own entry to our models: `_load_pyfunc` is what ``mlflow.pyfunc.load_model`` calls.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

import automl_magics
from automl_magics.contracts.errors import Conflict, NotFound, TrainingError, first_line
from automl_magics.contracts.training import TrainingJob, TrainingResult, Trial
from automl_magics.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from automl_magics.training.batches import StoredRows
    from automl_magics.training.procedure import Model

MODEL_FOLDER = "model"
"""The folder within a job's own that its model is written to."""

MODEL_NAME = "model"
EXAMPLE_ROWS = 5
_METRICS_AT_ONCE = 1_000
"""As many as MLflow's server takes in one request."""

_SIGNATURE_TYPES = {
    "boolean": "boolean",
    "integer": "long",
    "float": "double",
    "text": "string",
}


@dataclass(frozen=True)
class Example:
    """A few rows of a table, and which of its columns have missing values."""

    rows: "pa.Table"
    gaps: frozenset[str]

    @classmethod
    def of(cls, table: "pa.Table | StoredRows") -> "Example":
        """Return the example of a table, of which only the first rows are read."""
        from automl_magics.training.batches import rows_of

        rows = rows_of(table)
        return cls(rows.first(EXAMPLE_ROWS), rows.gaps)


@dataclass(frozen=True)
class Tracked:
    """Where a job's run and model are."""

    run_id: str
    name: str
    """The registered model's name."""
    version: str


class Tracking:
    """An MLflow experiment that is ready to take runs."""

    def __init__(self, experiment_id: str) -> None:
        self.experiment_id = experiment_id

    @classmethod
    def open(cls, settings: Settings, experiment: str) -> "Tracking":
        """Import MLflow, make its store where it is missing, and find or make the experiment.

        MLflow is then set to this store for the whole process: this is for a worker.

        Raises
        ------
        TrainingError
            When the store cannot be reached.
        """
        mlflow = import_mlflow()
        mlflow.set_tracking_uri(settings.mlflow_uri)
        mlflow.set_registry_uri(settings.mlflow_uri)
        own = settings.mlflow_tracking_uri is None
        # Two processes that make MLflow's tables at once get in each other's way.
        with filelock.FileLock(settings.folder("mlflow") / "store.lock"):
            try:
                client = mlflow.MlflowClient()
                found = client.get_experiment_by_name(experiment)
                if found is not None:
                    return cls(found.experiment_id)
                place = settings.artifacts_path.as_uri() if own else None
                return cls(client.create_experiment(experiment, artifact_location=place))
            except Exception as error:  # noqa: BLE001 - whatever the store's driver raises
                raise TrainingError(
                    f"MLflow cannot be reached: {first_line(error)}.",
                    hint="Check AUTOML_MLFLOW_TRACKING_URI.",
                ) from None

    def record(
        self,
        *,
        job: TrainingJob,
        result: TrainingResult,
        trials: Sequence[Trial],
        model_folder: Path,
        test_predictions: "pd.DataFrame | None",
        example: Example,
    ) -> Tracked:
        """Write a job's run with its model, and register the model.

        Parameters
        ----------
        model_folder
            Where `Model.save` has written the model.
        test_predictions
            ``label`` and predictions of the test rows, for the figures.
        """
        from automl_magics.training.saved import load_model as load_saved

        mlflow = import_mlflow()
        model = load_saved(model_folder)
        try:
            with mlflow.start_run(
                experiment_id=self.experiment_id, run_name=job.name, tags=_tags(job)
            ) as run:
                mlflow.log_params(_params(job, result))
                mlflow.log_metrics(_metrics(result))
                _log_trials(mlflow, run.info.run_id, trials)
                _log_figures(mlflow, result, test_predictions)
                info = mlflow.pyfunc.log_model(
                    name=MODEL_NAME,
                    loader_module="automl_magics.tracking",
                    data_path=str(model_folder),
                    signature=_signature(model, example),
                    input_example=_example_rows(model, example),
                    pip_requirements=_requirements(model),
                    registered_model_name=job.registered_model_name,
                )
        except mlflow.exceptions.MlflowException as error:
            raise TrainingError(
                f"MLflow did not take the model: {first_line(error)}.",
                hint="Create the job anew when MLflow is back.",
            ) from None
        return Tracked(
            run.info.run_id,
            str(job.registered_model_name),
            str(info.registered_model_version),
        )


def load_model(settings: Settings, uri: str) -> Any:
    """Return a registered model as a ``PyFuncModel``, leaving MLflow's own settings alone.

    Parameters
    ----------
    uri
        ``models:/<name>/<version or @alias>``.

    Raises
    ------
    NotFound
        When the registry has no such model.
    """
    return import_mlflow().pyfunc.load_model(str(_fetch_model(settings, uri)))


def load_trained_model(settings: Settings, job: TrainingJob) -> "Model":
    """Return a complete job's model itself, without MLflow's checks of types.

    It predicts what the registered model predicts, and takes rows as they come: integers where
    there were floats, categories where there was text.

    Raises
    ------
    Conflict
        When the job has no model.
    NotFound
        When its model is neither on this machine nor in the registry.
    """
    from automl_magics.training.saved import load_model as load_saved

    if job.model_uri is None:
        raise Conflict(f"Job {job.name} is {job.status} and has no model.")
    folder = settings.home / "jobs" / str(job.job_id) / MODEL_FOLDER
    if not folder.exists():
        folder = next(_fetch_model(settings, job.model_uri).rglob("model.json")).parent
    return load_saved(folder)


def _load_pyfunc(path: str) -> "PyFunc":
    """Load a model for MLflow; the name and the argument are MLflow's."""
    from automl_magics.training.saved import load_model as load_saved

    return PyFunc(load_saved(Path(path)))


class PyFunc:
    """A trained model as MLflow calls it."""

    def __init__(self, model: "Model") -> None:
        self._model = model

    def predict(self, frame: "pd.DataFrame", params: object = None) -> "pd.DataFrame":  # noqa: ARG002
        """Return what `Model.predict` returns."""
        return self._model.predict(frame)


def _fetch_model(settings: Settings, uri: str) -> Path:
    """Return the folder of a registered model, downloaded where the store is elsewhere."""
    mlflow = import_mlflow()
    address = settings.mlflow_uri
    name, _, version = uri.removeprefix("models:/").replace("@", "/@").partition("/")
    try:
        client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
        if version.startswith("@"):
            version = client.get_model_version_by_alias(name, version[1:]).version
        place = client.get_model_version_download_uri(name, version)
        path = mlflow.artifacts.download_artifacts(
            place, tracking_uri=address, registry_uri=address
        )
    except (mlflow.exceptions.MlflowException, OSError) as error:
        raise NotFound(f"MLflow has no model {uri}: {first_line(error)}.") from None
    return Path(path)


def import_mlflow() -> Any:
    """Return the module ``mlflow``, which sends no telemetry and says little."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for name in ("mlflow", "alembic"):  # their news of tables and versions is nobody's business
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


def _tags(job: TrainingJob) -> dict[str, str]:
    return {
        "automl.job_id": str(job.job_id),
        "automl.owner": job.owner,
        "automl.domain": job.domain,
        "automl.version": automl_magics.__version__,
        "automl.snapshot_sha256": job.snapshot.sha256 if job.snapshot else "",
    }


def _params(job: TrainingJob, result: TrainingResult) -> dict[str, Any]:
    return {
        "source_table": job.source_table[:500],
        "label_column": job.request.label_column,
        "problem_type": result.problem_type.value,
        "preset": job.preset.value,
        "time_limit": job.request.time_limit,
        "seed": job.request.seed,
        "metric": result.metric,
        "algorithm": result.algorithm.value,
        "best_candidate": result.best_candidate,
        "features": len(result.feature_columns),
        "train_rows": result.train_rows,
    }


def _metrics(result: TrainingResult) -> dict[str, float]:
    scores = {f"validation_{result.metric}": result.validation_score, "seconds": result.seconds}
    for name, score in result.test_scores.items():
        scores[f"test_{name}"] = score
    if result.test_score is not None:
        scores[f"test_{result.metric}"] = result.test_score
    return scores


def _log_trials(mlflow: Any, run_id: str, trials: Sequence[Trial]) -> None:
    scores = [
        mlflow.entities.Metric(
            "trial_score", trial.score, int(1e3 * trial.finished_at.timestamp()), trial.number
        )
        for trial in trials
        if trial.score is not None
    ]
    for begin in range(0, len(scores), _METRICS_AT_ONCE):
        mlflow.MlflowClient().log_batch(run_id, scores[begin : begin + _METRICS_AT_ONCE])
    rows = [trial.model_dump(mode="json") for trial in trials]
    if rows:
        columns = ("number", "candidate", "algorithm", "status", "score", "seconds", "error")
        table = {name: [row[name] for row in rows] for name in columns}
        mlflow.log_table(table, "leaderboard.json")
        mlflow.log_dict({"trials": rows}, "trials.json")


def _log_figures(
    mlflow: Any, result: TrainingResult, test_predictions: "pd.DataFrame | None"
) -> None:
    from automl_magics.figures import figures_of

    for name, figure in figures_of(result, test_predictions):
        mlflow.log_figure(figure, f"figures/{name}.png")


def _signature(model: "Model", example: Example) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    # A picture may come as bytes or as base 64 in JSON, where MLflow's type takes no null.
    # A date may come as text (from CSV, JSON) or as a moment: MLflow's own type takes one only.
    inputs = [
        ColSpec(_SIGNATURE_TYPES.get(kind) or AnyType(), name, required=False)
        for name, kind in _input_types(model, example).items()
    ]
    predicted = model.predict(example.rows)
    outputs = [ColSpec(_output_type(predicted[name]), name) for name in model.output_columns]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _input_types(model: "Model", example: Example) -> dict[str, str]:
    """Return what each column that the model reads comes as in a data frame."""
    import pyarrow as pa

    types: dict[str, str] = dict(model.input_columns)
    for name, kind in model.input_columns.items():
        if kind == "integer" and name in example.gaps:
            types[name] = "float"  # NumPy has no missing integer
        elif kind == "integer" and pa.types.is_uint64(example.rows.schema.field(name).type):
            types[name] = "unsigned"  # MLflow has no such type
    return types


def _output_type(values: "pd.Series[Any]") -> str:
    kinds = {"b": "boolean", "i": "long", "u": "long", "f": "double"}
    return kinds.get(values.dtype.kind, "string")


def _example_rows(model: "Model", example: Example) -> "pd.DataFrame":
    import pyarrow as pa

    from automl_magics.training.frames import plain
    from automl_magics.training.images.values import picture_bytes

    columns = []
    for name, kind in _input_types(model, example).items():
        values = plain(example.rows.column(name))
        if kind == "image":
            values = picture_bytes(values)
        if kind == "float":
            values = values.cast(pa.float64())
        if kind == "datetime" and pa.types.is_date(values.type):
            values = values.cast(pa.timestamp("us"))
        columns.append(values)
    frame: pd.DataFrame = pa.table(columns, names=list(model.input_columns)).to_pandas()
    return frame


def _requirements(model: "Model") -> list[str]:
    from importlib.metadata import version

    return [
        f"automl-magics=={automl_magics.__version__}",
        *(f"{name}=={version(name)}" for name in model.libraries),
    ]
