"""Sources as they travel: places that hold tables, each under a name."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class SourceKind(StrEnum):
    """What a source is."""

    DUCKDB = "duckdb"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    FOLDER = "folder"


class ConfiguredSource(BaseModel):
    """A place that holds tables, known by a name."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str
    """Its address; passwords stand in it only as ``${env:NAME}`` or ``${file:/path}``."""
    set_by: Literal["settings", "home"]
    """Whether the settings name it, or ``sources.json`` under the home."""


class ListedSource(BaseModel):
    """A source as it is listed."""

    name: str
    kind: SourceKind | None = None
    """None where the address will not do."""
    url: str | None = None
    set_by: Literal["settings", "home"]
    error: str | None = None
    """Why the address will not do."""
