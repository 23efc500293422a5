"""What this installation can do of all that may be asked for."""

from automl_magics.contracts.enums import ExecutorName, PredictorType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.settings import Settings

PREDICTOR_TYPES = (PredictorType.TABULAR, PredictorType.TEXT, PredictorType.MULTIMODAL)
"""The kinds of data that can be learned from."""


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


def check_predictor_type(predictor_type: PredictorType | None) -> None:
    """Raise `InvalidInput` for a kind of data that cannot be learned from."""
    if predictor_type is not None and predictor_type not in PREDICTOR_TYPES:
        raise InvalidInput(
            f"The predictor type {predictor_type.value!r} cannot be trained yet.",
            hint=_there_is(PREDICTOR_TYPES),
            field="predictor_type",
        )


def _there_is(names: tuple[str, ...]) -> str:
    return f"There is {', '.join(repr(str(name)) for name in names)}."
