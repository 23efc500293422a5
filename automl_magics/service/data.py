"""The verbs for what can be trained on: datasets, sources, hardware profiles."""

from pathlib import Path

from automl_magics.contracts import dialects
from automl_magics.contracts.http_b import AutoMLDataset, AutoMLHardware, AutoMLSource
from automl_magics.service.datasets import DatasetService
from automl_magics.service.sources import SourceService
from automl_magics.settings import Settings


class DataService:
    """Say what there is (see `contracts.verbs.Data`).

    Parameters
    ----------
    settings
        What they are configured in.
    root
        The folder whose files are datasets; the working folder when left out.
    """

    def __init__(self, settings: Settings, root: Path | None = None) -> None:
        self._settings, self._root = settings, root

    def datasets(self) -> list[AutoMLDataset]:
        """Return files and tables to train on, with their counts."""
        found = DatasetService(self._settings, self._root or Path.cwd()).list()
        return dialects.datasets_b(found).datasets

    def sources(self) -> list[AutoMLSource]:
        """Return the configured sources, by name."""
        return dialects.sources_b(SourceService(self._settings).list()).sources

    def hardware(self) -> list[AutoMLHardware]:
        """Return the hardware profiles that jobs can be trained on."""
        return dialects.hardware_b(self._settings.profiles()).hardware
