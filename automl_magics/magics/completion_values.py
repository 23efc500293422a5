"""What can be completed from the notebook's own state: jobs, frames, files, tables, columns."""

import itertools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import AutoMLError
from automl_magics.data.formats import SUFFIXES
from automl_magics.data.frames import is_frame

if TYPE_CHECKING:
    from automl_magics.magics.magic import AutoMLMagics

MANY = 100
"""How many names are offered at most."""

SOURCE_VERBS = frozenset({"train", "predict", "form"})
JOB_VERBS = frozenset(
    {
        "show",
        "watch",
        "logs",
        "leaderboard",
        "trigger",
        "stop",
        "extend",
        "delete",
        "predict",
        "monitor",
        "deploy",
        "dag",
        "notebook",
        "report",
    }
)
_COLUMN_OPTIONS = ("--label", "--features", "--feature-columns")


def names_column(option: str) -> bool:
    """Return whether an option's value is a column of the source."""
    return option in _COLUMN_OPTIONS or option.endswith("-column")


def takes_value(verb: str, option: str) -> bool:
    """Return whether a word is an option after which a value must follow."""
    from automl_magics.magics.grammar import parser

    actions = parser("magic").verbs[verb]._actions  # noqa: SLF001 (argparse has no public list)
    return any(option in action.option_strings and action.nargs != 0 for action in actions)


def jobs(magics: "AutoMLMagics") -> list[str]:
    """Return the names of the newest jobs."""
    from automl_magics.contracts.lists import TrainingJobFilter

    def names() -> list[str]:
        page = magics.session.jobs.find(TrainingJobFilter(limit=MANY))
        return list(dict.fromkeys(shlex.quote(job.name) for job in page.jobs))

    return _quietly(names)


def named(words: list[str], magics: "AutoMLMagics") -> list[str]:
    """Return what a verb with actions could be about: tables, keys, sources, deployed models."""

    def names() -> list[str]:
        match words:
            case ["undeploy"]:
                return [one.name for one in magics.session.models.list()]
            case ["features", action] if action not in ("propose", "list"):
                return [job.target_table_name for job in magics.session.features.find().jobs]
            case ["sources", "remove"]:
                from automl_magics.service.sources import SourceService

                return [one.name for one in SourceService(magics.session.settings).list()]
        return []

    return _quietly(lambda: list(dict.fromkeys(shlex.quote(name) for name in names())))


def hardware(magics: "AutoMLMagics") -> list[str]:
    """Return the ids of the hardware profiles."""
    return sorted({"local", *magics.session.settings.hardware})


def sources(token: str, magics: "AutoMLMagics") -> list[str]:
    """Return frames of the notebook, data files and folders, and tables of the workspace."""
    return [*frames(magics), *files(token), *_quietly(lambda: _tables(magics))]


def frames(magics: "AutoMLMagics") -> list[str]:
    """Return the names of the notebook's frames."""
    variables = dict(magics.shell.user_ns)
    return sorted(
        name for name, value in variables.items() if not name.startswith("_") and is_frame(value)
    )


def files(token: str) -> list[str]:
    """Return the data files and folders whose path begins with what is typed."""
    folder, _, begin = token.rpartition("/")
    place = Path(folder or ("/" if token.startswith("/") else "."))
    try:
        entries = sorted(place.expanduser().iterdir())
    except OSError:
        return []
    prefix = f"{folder}/" if "/" in token else ""
    found = [
        f"{prefix}{entry.name}/" if entry.is_dir() else f"{prefix}{entry.name}"
        for entry in entries
        if entry.name.startswith(begin)
        and not entry.name.startswith(".")
        and (entry.is_dir() or entry.suffix.lower() in SUFFIXES)
    ]
    return found[:MANY]


def columns(source: str, magics: "AutoMLMagics") -> list[str]:
    """Return the columns of a source; nothing of it is read but what tells them."""
    if not source:
        return []

    def names() -> list[str]:
        from automl_magics.data.source import local_source

        found = local_source(
            magics.session.settings,
            source,
            namespace=dict(magics.shell.user_ns),
            folder=Path.cwd(),
        )
        from automl_magics.data.profile import profile_source

        return [shlex.quote(name) for name in profile_source(found, None).columns]

    return _quietly(names)


def source_in(words: list[str], body: str) -> str:
    """Return the source that a line or a cell's body names so far."""
    if body.strip():
        return body.strip()
    verb = words[0]
    positional = [
        word
        for before, word in itertools.pairwise(words)
        if not word.startswith("-") and not takes_value(verb, before)
    ]
    place = 1 if verb == "predict" else 0
    return shlex.split(positional[place])[0] if len(positional) > place else ""


def _tables(magics: "AutoMLMagics") -> list[str]:
    from automl_magics.data.catalog import workspace_tables

    return [table.name for table in workspace_tables(magics.session.settings.workspace_path)][:MANY]


def _quietly(names: Callable[[], list[str]]) -> list[str]:
    """Return the names, or none: a key that completes must not complain."""
    try:
        return names()
    except (AutoMLError, ValueError):
        return []
