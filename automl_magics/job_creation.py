"""From what a person asks for, and the variables it may name, to an accepted job."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.job import TrainingJobHandle
from automl_magics.session import Session


def create_job(
    session: Session,
    request: AutoMLTrainingRequest,
    *,
    namespace: Mapping[str, Any],
    folder: Path,
) -> TrainingJobHandle:
    """Create a training job, and hand its rows over where the jobs are kept on this machine.

    Parameters
    ----------
    namespace
        Variables; the frames among them can be named by the request's source.
    folder
        Where relative paths start.

    Raises
    ------
    InvalidInput
        With one line on what is wrong; nothing is left behind then.
    """
    if not session.way.is_local:
        return TrainingJobHandle(session, session.jobs.create(request))
    from automl_magics.data.staging import discard_staged, stage_source

    staged = stage_source(
        session.settings, request.source_table, namespace=namespace, folder=folder
    )
    request = request.model_copy(update={"staged_source": staged})
    try:
        return TrainingJobHandle(session, session.jobs.create(request))
    except AutoMLError:
        discard_staged(session.settings, staged)
        raise
