"""Every service of the product in this process, each made on its first use."""

from collections.abc import Callable
from functools import cached_property

from automl_magics.service.models import ModelService
from automl_magics.service.training_jobs import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store


class Services:
    """The verbs of the product on one store (see `automl_magics.contracts.verbs.Verbs`).

    Parameters
    ----------
    store, settings
        Where everything lives.
    wake
        Called when there is something for a dispatcher to do.
    """

    def __init__(self, store: Store, settings: Settings, *, wake: Callable[[], None]) -> None:
        self._store, self._settings, self._wake = store, settings, wake

    @cached_property
    def jobs(self) -> TrainingService:
        """Training jobs."""
        return TrainingService(self._store, self._settings, wake=self._wake)

    @cached_property
    def models(self) -> ModelService:
        """Deployments."""
        return ModelService(self._store, self._settings)

    def close(self) -> None:
        """End what was started and close the store."""
        if "models" in vars(self):
            self.models.close()
        self._store.close()
