"""``%config AutoML``: settings of this notebook, over those of the environment."""
# mypy: disallow-subclassing-any=False

from typing import TYPE_CHECKING, Any

from traitlets import Enum, Int, Unicode
from traitlets.config import Configurable

if TYPE_CHECKING:
    from automl_magics.settings import Settings


class AutoML(Configurable):
    """AutoML in this notebook. What is None is as the environment (``AUTOML_*``) says."""

    home = Unicode(None, allow_none=True, help="The folder that everything lives under.").tag(
        config=True
    )
    server_url = Unicode(
        None,
        allow_none=True,
        help="A Jupyter server to use instead of the notebook's own; 'none' works in this process.",
    ).tag(config=True)
    kernel_name = Unicode(None, allow_none=True, help="The kernelspec that training runs in.").tag(
        config=True
    )
    preset = Enum(
        ["fast", "balanced", "high_quality", "best_quality"],
        None,
        allow_none=True,
        help="The preset of a job that does not say.",
    ).tag(config=True)
    max_jobs = Int(None, allow_none=True, min=1, help="How many jobs run at once.").tag(config=True)
    mlflow_tracking_uri = Unicode(
        None, allow_none=True, help="MLflow's tracking and registry store."
    ).tag(config=True)

    def settings(self) -> "Settings":
        """Return the settings: what is configured here, else the environment's, else defaults."""
        from automl_magics.settings import read_settings

        return read_settings(**self._given())

    def _given(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.trait_names(config=True)}
        return {name: value for name, value in values.items() if value is not None}
