"""A source set aside by a notebook for a job to come: its text, its folder and its frames.

A notebook's variables live in its own process, so those that a source names are written to Parquet
before the job is created. Only a process that can write to ``AUTOML_HOME`` can stage, which is why
a staged source is not confined to a server's root; it is bound to its text.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from automl_magics.contracts.errors import InvalidInput, first_line
from automl_magics.data.frames import to_arrow
from automl_magics.data.source import Source, named_frames
from automl_magics.data.sources.configured import configured_sources
from automl_magics.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

DESCRIPTION = "source.json"
_NO_NAMES = ("", "*")


class StagedSource(BaseModel):
    """What is written beside the staged frames."""

    text: str
    folder: Path
    frames: dict[str, str]
    """Name to Parquet file, within the same folder."""


def stage_source(
    settings: Settings, text: str, *, namespace: Mapping[str, Any], folder: Path
) -> UUID:
    """Set a source aside and return its id, for ``AutoMLTrainingRequest.staged_source``.

    Parameters
    ----------
    text
        A table, a file, a frame's name or a SELECT.
    namespace
        The notebook's variables.
    folder
        Where relative paths start.

    Raises
    ------
    InvalidInput
        When a frame cannot be written as it is; nothing is set aside then.
    """
    frames = {name: to_arrow(frame, name=name) for name, frame in named_frames(text, namespace)}
    if (whole := text.strip()) in frames:
        _check_names(frames[whole], whole)
    staged_id = uuid4()
    place = settings.staged_folder(staged_id)
    files = {name: f"frame-{number}.parquet" for number, name in enumerate(frames)}
    try:
        for name, file in files.items():
            _write(frames[name], place / file, name)
    except InvalidInput:
        discard_staged(settings, staged_id)
        raise
    description = StagedSource(text=text, folder=folder.absolute(), frames=files)
    (place / DESCRIPTION).write_text(description.model_dump_json())
    return staged_id


def _check_names(frame: "pa.Table", name: str) -> None:
    """Refuse names that SQL would not keep: the model's columns would be called otherwise."""
    seen: dict[str, str] = {}
    for column in frame.column_names:
        if column in _NO_NAMES:
            raise InvalidInput(
                f"{name} has a column called {column!r}, which is no name in SQL.",
                hint="Rename it.",
            )
        if (other := seen.get(column.lower())) is not None:
            raise InvalidInput(
                f"{name} has columns {other!r} and {column!r}, which SQL takes for the same.",
                hint="Rename one of them.",
            )
        seen[column.lower()] = column


def _write(frame: "pa.Table", path: Path, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(frame, path, compression="zstd")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise InvalidInput(
            f"{name} cannot be written as Parquet: {first_line(error)}.",
            hint="Leave that column out.",
        ) from None


def open_staged(place: Path, text: str, settings: Settings) -> Source:
    """Return the source that was staged in a folder.

    Raises
    ------
    InvalidInput
        When nothing was staged there, or for another text.
    """
    try:
        staged = StagedSource.model_validate_json((place / DESCRIPTION).read_text())
    except (OSError, ValueError):
        staged = None
    if staged is None or staged.text.strip() != text.strip():
        raise InvalidInput(
            "The staged source is not there or belongs to another text.", field="staged_source"
        )
    frames = {name: place / file for name, file in staged.frames.items()}
    return Source(
        text,
        staged.folder,
        frames=frames,
        workspace=settings.workspace_path,
        sources=configured_sources(settings),
    )


def discard_staged(settings: Settings, staged_id: UUID) -> None:
    """Delete a staged source that no job has taken."""
    shutil.rmtree(settings.staged_folder(staged_id), ignore_errors=True)


def adopt_staged(settings: Settings, staged_id: UUID, place: Path) -> None:
    """Move a staged source into a job's own folder."""
    settings.staged_folder(staged_id).rename(place)
