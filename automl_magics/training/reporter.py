"""How the engine tells its caller what it is doing."""

from typing import Any, Protocol

from automl_magics.contracts.enums import LogLevel
from automl_magics.contracts.training import Progress, Trial


class Reporter(Protocol):
    """Listens to a training job. Its methods must not raise."""

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:
        """Take one line of the log."""
        ...

    def trial(self, trial: Trial) -> None:
        """Take a trial that has just ended."""
        ...

    def progress(self, progress: Progress) -> None:
        """Take the state of the job as it is now."""
        ...


class Silent:
    """A reporter that listens to nothing."""

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:
        """Ignore a line."""

    def trial(self, trial: Trial) -> None:
        """Ignore a trial."""

    def progress(self, progress: Progress) -> None:
        """Ignore the progress."""
