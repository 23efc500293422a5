"""What this installation can do of all that may be asked for."""

from automl_magics.contracts.enums import ExecutorName
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.settings import Settings


def chosen_executor(settings: Settings, request: AutoMLTrainingRequest) -> ExecutorName:
    """Return where a request's job runs: as it says, else as its hardware profile does.

    Raises
    ------
    InvalidInput
        When there is no such profile, when it runs elsewhere than the request says, or when the
        executor is not set up.
    """
    profile = settings.profile(request.hardware)
    if profile.executor and request.executor and profile.executor is not request.executor:
        raise InvalidInput(
            f"The hardware profile {request.hardware or 'local'!r} runs on"
            f" {profile.executor.value!r}, not on {request.executor.value!r}.",
            hint="Leave one of the two out.",
            field="hardware",
        )
    executor = request.executor or profile.executor or settings.executor
    if executor is ExecutorName.AIRFLOW and (missing := _missing_for_airflow(settings)):
        raise InvalidInput(
            "The executor 'airflow' is not set up here.",
            hint=f"Set {', '.join(missing)}, or use 'kernel'.",
            field="executor",
        )
    return executor


def _missing_for_airflow(settings: Settings) -> list[str]:
    """Return the settings without which no job can run in Airflow."""
    needed = {
        "AUTOML_AIRFLOW_URL": settings.airflow_url,
        "AUTOML_AIRFLOW_DAGS_URL": settings.airflow_dags_url,
        "AUTOML_AIRFLOW_CALLBACK_URL": settings.airflow_callback_url,
    }
    return [name for name, value in needed.items() if not value]
