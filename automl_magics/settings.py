"""Where things live and how they behave: ``AUTOML_*`` in the environment, with defaults.

Which setting wins is told in ``docs/settings.md``.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jupyter_core.paths import jupyter_data_dir
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from automl_magics.contracts.enums import ExecutorName, Preset
from automl_magics.contracts.errors import InvalidInput, Unavailable
from automl_magics.contracts.features import CrewName
from automl_magics.contracts.hardware import (
    HardwareProfile,
    hardware_profile,
    hardware_profiles,
)
from automl_magics.contracts.networks import ImageNetwork, Networks, TextNetwork

PRESET_SECONDS: Mapping[Preset, float] = {
    Preset.FAST: 30,
    Preset.BALANCED: 120,
    Preset.HIGH_QUALITY: 600,
    Preset.BEST_QUALITY: 3600,
}


def _default_home() -> Path:
    return Path(jupyter_data_dir()) / "automl"


class Settings(BaseSettings):
    """Settings of one process.

    The folder ``home`` holds the store, the snapshots, MLflow's default store and the PSK. It and
    every folder under it are made with mode 0700.
    """

    model_config = SettingsConfigDict(
        env_prefix="AUTOML_",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # an address may hold what is secret
    )

    home: Path = Field(default_factory=_default_home)
    """The folder that everything lives under."""
    psk: SecretStr | None = None
    """The pre-shared key of writebacks; a generated one is kept in ``home`` when left out."""
    server_url: str | None = None
    """A Jupyter server to use instead of the notebook's own; "none" works in this process."""
    server_token: SecretStr | None = None
    """The token for ``server_url``."""
    kernel_name: str = "python3"
    """The kernelspec that training runs in; automl-magics must be installed there."""
    executor: ExecutorName = ExecutorName.KERNEL
    """Where a job runs that does not say."""
    preset: Preset = Preset.BALANCED
    """The preset of a job that does not say (magics and shell)."""
    max_jobs: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=0)
    """How many jobs run at once on this machine; one per two cores when left out, none with 0."""
    mlflow_tracking_uri: str | None = None
    """MLflow's tracking and registry store; SQLite under ``home`` when left out."""
    organization_id: str = Field("default", min_length=1)
    """The organization that new jobs belong to."""
    sources: Mapping[str, str] = Field(default_factory=dict)
    """Sources by name: their addresses, with passwords only as ``${env:…}`` or ``${file:…}``."""
    hardware: Mapping[str, HardwareProfile] = Field(default_factory=dict)
    """Hardware profiles by id; there is always one called ``local``."""
    stop_grace: float = Field(20.0, ge=0)
    """Seconds a stopped worker has to register what it has found before its kernel is shut down."""
    scoring_timeout: float = Field(60.0, gt=0)
    """Seconds that a deployed model may take for a prediction."""
    scoring_models: int = Field(8, ge=1)
    """How many deployed models are kept in memory."""

    text_model: Path | None = None
    """A folder with a sentence-transformers model, which texts are embedded by."""
    image_model: str | None = None
    """What timm calls the network that pictures are described by; needs ``image_weights``."""
    image_weights: Path | None = None
    """The file with that network's weights: safetensors, or a state dict of PyTorch's."""

    crew: CrewName = CrewName.BUILTIN
    """Who designs a feature engineering job that does not say: builtin or llm."""
    crew_model: str | None = None
    """The language model of the crew llm, e.g. ``openai:gpt-5`` or ``anthropic:claude-opus-4``."""
    crew_url: str | None = None
    """The base URL of an endpoint that speaks OpenAI's or Anthropic's protocol."""
    crew_key: SecretStr | None = None
    """The key for that endpoint."""
    crew_timeout: float = Field(120.0, gt=0)
    """Seconds that one answer of the language model may take."""
    crew_sees_values: bool = False
    """Whether the language model is told frequent values of columns, besides counts and types."""

    airflow_url: str | None = None
    """Airflow's web server, with its base path; without it there is no executor ``airflow``."""
    airflow_user: str | None = None
    """Who triggers runs there."""
    airflow_password: SecretStr | None = None
    """That user's password."""
    airflow_token: SecretStr | None = None
    """A token to use in place of user and password."""
    airflow_dags_url: str | None = None
    """Where DAGs are uploaded: a folder, or any URL that fsspec knows (s3, gs, abfs, sftp)."""
    airflow_callback_url: str | None = None
    """This Jupyter server as Airflow's workers reach it, with its base URL."""
    airflow_python: str | None = None
    """The interpreter with automl-magics where Airflow's workers run; their own if left out."""
    airflow_storage_url: str | None = None
    """Where snapshots are put for workers on other machines; not needed if they share ``home``."""
    airflow_dag: Literal["per_job", "shared"] = "per_job"
    """One DAG to a job, or one for all of them."""
    airflow_shards: int = Field(1, ge=1, le=32)
    """Into how many tasks a search is split at most."""
    airflow_max_jobs: int = Field(100, ge=1)
    """How many jobs are with Airflow at once."""
    airflow_patience: float = Field(600.0, gt=0)
    """Seconds until a trigger gives up on an Airflow that does not answer or find the DAG."""
    airflow_poll: float = Field(5.0, gt=0)
    """Seconds between two looks at the open runs."""

    @field_validator("home", "text_model", "image_weights")
    @classmethod
    def _is_absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator(
        "server_url",
        "mlflow_tracking_uri",
        "text_model",
        "image_model",
        "image_weights",
        "crew_model",
        "crew_url",
        "airflow_url",
        "airflow_dags_url",
        "airflow_callback_url",
        "airflow_python",
        "airflow_storage_url",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    def profile(self, hardware: str | None) -> HardwareProfile:
        """Return the hardware profile of an id, ``local`` for None; `InvalidInput` if none is."""
        return hardware_profile(self.hardware, hardware)

    def profiles(self) -> dict[str, HardwareProfile]:
        """Return every hardware profile by its id, with executor and threads filled in."""
        return {
            name: profile.model_copy(
                update={
                    "executor": profile.executor or self.executor,
                    "threads": self.threads(name),
                }
            )
            for name, profile in hardware_profiles(self.hardware).items()
        }

    def threads(self, hardware: str | None) -> int:
        """Return how many threads a job trains with: its profile's, else an equal share."""
        share = (os.cpu_count() or 1) // max(1, self.max_jobs)
        return self.profile(hardware).threads or max(1, share)

    @property
    def networks(self) -> Networks:
        """The pretrained networks of jobs; `InvalidInput` where one of two settings is missing."""
        if (self.image_model is None) != (self.image_weights is None):
            given, lacking = "AUTOML_IMAGE_MODEL", "AUTOML_IMAGE_WEIGHTS"
            if self.image_model is None:
                given, lacking = lacking, given
            raise InvalidInput(
                f"{given} is set and {lacking} is not.", hint="Set both of them, or neither."
            )
        text = self.text_model and TextNetwork(folder=self.text_model)
        image = None
        if self.image_model is not None and self.image_weights is not None:
            image = ImageNetwork(architecture=self.image_model, weights=self.image_weights)
        return Networks(text=text, image=image)

    @property
    def store_path(self) -> Path:
        """The SQLite file of jobs."""
        return self.folder() / "automl.db"

    @property
    def workspace_path(self) -> Path:
        """The DuckDB file whose tables can be trained on by name."""
        return self.folder() / "workspace.duckdb"

    @property
    def mlflow_uri(self) -> str:
        """Where MLflow's runs and models are kept."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.folder('mlflow') / 'mlflow.db'}"

    @property
    def artifacts_path(self) -> Path:
        """Where the default MLflow store keeps files."""
        return self.folder("mlflow", "artifacts")

    def job_folder(self, job_id: object) -> Path:
        """Return the folder of a job's own files."""
        return self.folder("jobs", str(job_id))

    def staged_folder(self, staged_id: object) -> Path:
        """Return the folder where a notebook sets frames aside for a job to come."""
        return self.folder("staged", str(staged_id))

    def folder(self, *parts: str) -> Path:
        """Return a folder under ``home``; it and those above it are nobody else's to read."""
        path = self.home
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keep_private(path)
            for part in parts:
                path = path / part
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Unavailable(  # without the path: a server's answer must not tell it
                f"The home of automl-magics cannot be used: {error.strerror}.",
                hint="Set AUTOML_HOME to a folder of yours.",
            ) from None
        return path

    @cached_property
    def psk_value(self) -> str:
        """The pre-shared key, made and kept with mode 0600 on first use. Never log it."""
        if self.psk is not None and self.psk.get_secret_value():
            return self.psk.get_secret_value()
        path = self.folder() / "psk"
        if not path.exists():
            draft = path.with_name(f"psk.{secrets.token_hex(8)}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
            with suppress(FileExistsError):  # another process was first; its key counts
                path.hardlink_to(draft)
            draft.unlink()
        return path.read_text().strip()


def read_settings(**given: Any) -> Settings:
    """Return the settings of this process; `InvalidInput` names the variable that is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = error.errors()[0]
    except SettingsError as error:  # no JSON, of which only the field's name is told
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"AUTOML_{named[1].upper()}" if named else "A setting"
        raise InvalidInput(f"{variable} is not a JSON object.", hint="Set it anew.") from None
    name, *inner = map(str, wrong["loc"])
    is_shown = not inner and name != "sources"  # an address may hold what is secret
    value = f" is {wrong['input']!r}" if is_shown else f" {'.'.join(inner)}".rstrip()
    raise InvalidInput(f"AUTOML_{name.upper()}{value}: {wrong['msg']}.", hint="Set it anew.")


def _keep_private(home: Path) -> None:
    """Take other people's rights from a folder that was there before, where it is ours."""
    found = home.stat()
    if found.st_mode & 0o077 and found.st_uid == os.getuid():
        home.chmod(0o700)


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which another process reads the same settings.

    Secrets stay out of it: a worker on this machine needs none.
    """
    values = {
        "AUTOML_HOME": str(settings.home),
        "AUTOML_KERNEL_NAME": settings.kernel_name,
        "AUTOML_MAX_JOBS": str(settings.max_jobs),
        "AUTOML_STOP_GRACE": str(settings.stop_grace),
    }
    if settings.sources:
        values["AUTOML_SOURCES"] = json.dumps(dict(settings.sources))
    if settings.hardware:
        profiles = {name: one.model_dump(mode="json") for name, one in settings.hardware.items()}
        values["AUTOML_HARDWARE"] = json.dumps(profiles)
    optional = {
        "AUTOML_MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        "AUTOML_TEXT_MODEL": settings.text_model,
        "AUTOML_IMAGE_MODEL": settings.image_model,
        "AUTOML_IMAGE_WEIGHTS": settings.image_weights,
    }
    return values | {name: str(value) for name, value in optional.items() if value}
