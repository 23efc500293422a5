"""The model of a training job: what it says of rows, and of the tables that its data came from."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.training import TrainingJob
from automl_magics.data.frames import to_arrow
from automl_magics.deployed_model import deployed_model_of, is_elsewhere
from automl_magics.session import Session

if TYPE_CHECKING:
    import pandas as pd


class JobModel:
    """A job's newest model, loaded when it is first asked, or asked where it is deployed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loaded: Any = None
        self._uri: str | None = None

    def predict(self, record: TrainingJob, data: Any) -> "pd.DataFrame":
        """Return what the model of a job says of rows, as `TrainingJobHandle.predict` does."""
        from automl_magics.data.pictures import PictureFiles, read_pictures
        from automl_magics.data.source import Source, local_source

        files = PictureFiles([Path.cwd()])
        if isinstance(data, str | Path):
            data = local_source(
                self._session.settings, str(data), namespace=_variables(), folder=Path.cwd()
            )
        if isinstance(data, Source):
            data, files = data.read(), data.picture_files()
        if is_elsewhere(self._session, record):
            deployed = deployed_model_of(self._session, record)
            return deployed.predict(read_pictures(_as_frame(data), deployed.pictures, files))
        model = self._newest(record)
        pictures = [name for name, kind in model.input_columns.items() if kind == "image"]
        predictions: pd.DataFrame = model.predict(read_pictures(_as_frame(data), pictures, files))
        return predictions

    def predict_from_sources(
        self, record: TrainingJob, sources: Mapping[str, Any], cutoff: datetime | None
    ) -> "pd.DataFrame":
        """Return the grain and what the model says, from tables as the recipe's were.

        Raises `Conflict` where the crew did not make the job's table.
        """
        from automl_magics.feature_job import recipe_of_job, table_from_sources

        kept = recipe_of_job(self._session, record)
        rows = table_from_sources(
            self._session,
            kept,
            sources,
            cutoff=cutoff,
            namespace=_variables(),
            folder=Path.cwd(),
        ).to_pandas()
        grain = rows[kept.plan.grain]
        predictions = self.predict(record, rows).set_axis(grain.index)
        found: pd.DataFrame = grain.join(predictions)
        return found

    def _newest(self, record: TrainingJob) -> Any:
        if self._uri != record.model_uri:
            from automl_magics.tracking import load_trained_model

            self._loaded = load_trained_model(self._session.settings, record)
            self._uri = record.model_uri
        return self._loaded


def _as_frame(data: Any) -> Any:
    """Return rows as a pandas frame, whose index is kept, or as an Arrow table."""
    import pandas as pd

    if isinstance(data, Mapping):  # one row by its columns, or columns by their rows
        is_one_row = all(pd.api.types.is_scalar(value) for value in data.values())
        return pd.DataFrame([data] if is_one_row else data)
    return data if isinstance(data, pd.DataFrame) else to_arrow(data, name="the data")


def _variables() -> dict[str, Any]:
    """Return the notebook's variables, where there is a notebook."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return {} if shell is None else dict(shell.user_ns)
