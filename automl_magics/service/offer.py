"""What this installation can do of all that may be asked for."""

from automl_magics.contracts.enums import ExecutorName, PredictorType
from automl_magics.contracts.errors import InvalidInput

EXECUTORS = (ExecutorName.KERNEL,)
"""The executors that there are."""

HARDWARE = ("local",)
"""The hardware profiles that there are."""

PREDICTOR_TYPES = (PredictorType.TABULAR,)
"""The kinds of data that can be learned from."""


def check_place(executor: ExecutorName, hardware: str | None) -> None:
    """Raise `InvalidInput` unless the executor and the hardware profile are set up."""
    if executor not in EXECUTORS:
        raise InvalidInput(
            f"The executor {executor.value!r} is not set up here.",
            hint=_there_is(EXECUTORS),
            field="executor",
        )
    if hardware is not None and hardware not in HARDWARE:
        raise InvalidInput(
            f"There is no hardware profile {hardware!r}.",
            hint=_there_is(HARDWARE),
            field="hardware",
        )


def check_predictor_type(predictor_type: PredictorType) -> None:
    """Raise `InvalidInput` for a kind of data that cannot be learned from."""
    if predictor_type not in PREDICTOR_TYPES:
        raise InvalidInput(
            f"The predictor type {predictor_type.value!r} cannot be trained yet.",
            hint=_there_is(PREDICTOR_TYPES),
            field="predictor_type",
        )


def _there_is(names: tuple[str, ...]) -> str:
    return f"There is {', '.join(repr(str(name)) for name in names)}."
