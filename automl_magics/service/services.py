"""Every service of the product in this process, each made on its first use."""

from collections.abc import Callable
from functools import cached_property

from automl_magics.service.data import DataService
from automl_magics.service.features import FeatureService
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
    detached
        Whether this process ends before its jobs, so that no dispatcher is left here.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        wake: Callable[[], None],
        detached: bool = False,
    ) -> None:
        self._store, self._settings, self._wake = store, settings, wake
        self._detached = detached

    @cached_property
    def jobs(self) -> TrainingService:
        """Training jobs."""
        return TrainingService(self._store, self._settings, wake=self._wake)

    @cached_property
    def models(self) -> ModelService:
        """Deployments."""
        return ModelService(self._store, self._settings)

    @cached_property
    def features(self) -> FeatureService:
        """Feature engineering jobs."""
        return FeatureService(self._store, self._settings, detached=self._detached)

    @cached_property
    def data(self) -> DataService:
        """What can be trained on: datasets, sources, hardware profiles."""
        return DataService(self._settings)

    def close(self) -> None:
        """End what was started and close the store."""
        if "models" in vars(self):
            self.models.close()
        self._store.close()
