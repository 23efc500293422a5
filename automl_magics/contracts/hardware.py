"""Hardware profiles: what a job may be trained on, each by an id."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from automl_magics.contracts.enums import ExecutorName
from automl_magics.contracts.errors import InvalidInput, did_you_mean

LOCAL = "local"
"""The profile that there always is: this machine, shared by the jobs that run at once."""


class HardwareProfile(BaseModel):
    """Where a job runs, and how much of that it may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    description: str | None = None
    """In words, for those who choose."""
    executor: ExecutorName | None = None
    """Where its jobs run; the server's default when left out."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """How many threads training uses; an equal share of the processors when left out."""
    memory_limit: Annotated[ByteSize, Field(ge=2**28)] | None = None
    """How much memory training may use, in bytes or as in "16GB"; without bound when left out."""
    gpu: bool = False
    """Whether there is a GPU that models may be trained on."""
    airflow_pool: str | None = None
    """The Airflow pool that a job's task takes a slot of."""
    airflow_queue: str | None = None
    """The Airflow queue that a job's task goes to."""


def hardware_profiles(configured: Mapping[str, HardwareProfile]) -> dict[str, HardwareProfile]:
    """Return every profile by its id; ``local`` is among them, as configured or by default."""
    return {LOCAL: HardwareProfile(), **configured}


def hardware_profile(
    configured: Mapping[str, HardwareProfile], wanted: str | None
) -> HardwareProfile:
    """Return the profile of an id, ``local`` for None; `InvalidInput` names those there are."""
    profiles = hardware_profiles(configured)
    found = profiles.get(wanted or LOCAL)
    if found is None:
        raise InvalidInput(
            f"There is no hardware profile {wanted!r}.",
            hint=did_you_mean(str(wanted), profiles),
            field="hardware",
        )
    return found
