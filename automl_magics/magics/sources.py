"""``sources``: add, list and remove the places whose tables can be trained on."""

from argparse import Namespace
from pathlib import Path

from automl_magics.contracts.errors import AutoMLError, UsageError
from automl_magics.displays.sources import SourceList
from automl_magics.displays.view import Message, View
from automl_magics.session import Session


def done_with_sources(words: Namespace, session: Session, folder: Path) -> View:
    """Do what the words say with the sources of this machine's home.

    Parameters
    ----------
    folder
        Where relative paths start.
    """
    if not session.way.is_local:
        raise UsageError(
            "Sources are set where the server keeps its jobs.",
            hint="Say it there, in a terminal or a notebook of that server.",
        )
    from automl_magics.service.sources import SourceService

    sources = SourceService(session.settings)
    if words.action == "list":
        if words.name:
            raise UsageError("A list takes no name.", hint="Say: sources.")
        return SourceList(sources.list())
    if words.action == "remove":
        if not words.name or words.url:
            raise UsageError("Which source?", hint="Name it: sources remove NAME.")
        sources.remove(words.name)
        return Message(f"Removed {words.name}.", {"name": words.name, "removed": True})
    if not (words.name and words.url):
        raise UsageError(
            "A source needs a name and an address.", hint="E.g. sources add lake data/lake"
        )
    added = sources.add(words.name, words.url, folder=folder)
    data = {"name": added.name, "url": added.url, "tables": None, "problem": None}
    try:
        tables = [table.text for table in sources.tables(added.name)]
    except AutoMLError as error:
        return Message(f"Added {added.name}. {error}", {**data, "problem": str(error)})
    few = "" if not tables else f": {', '.join(tables[:5])}{', …' if len(tables) > 5 else ''}"
    return Message(f"Added {added.name}, {len(tables)} tables{few}.", {**data, "tables": tables})
