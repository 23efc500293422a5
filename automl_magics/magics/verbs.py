"""Every verb once: from parsed words to a value, which the magic displays and the shell prints."""

import keyword
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from automl_magics.contracts.enums import AccessScope, JobStatus
from automl_magics.contracts.errors import UsageError
from automl_magics.contracts.lists import MAX_PAGE, TrainingJobFilter
from automl_magics.displays.access_keys import KeyList, NewKey
from automl_magics.displays.models import DeploymentList
from automl_magics.displays.predictions import Predictions, check_output
from automl_magics.displays.tables import JobList, JobLog, log_line
from automl_magics.displays.view import MAGIC, Message, View
from automl_magics.displays.wording import age
from automl_magics.displays.written import WrittenFile
from automl_magics.job import TrainingJobHandle
from automl_magics.job_creation import create_job
from automl_magics.job_lookup import find_job
from automl_magics.magics import widgets
from automl_magics.magics.grammar import training_request
from automl_magics.magics.hint import whats_next
from automl_magics.magics.sources import done_with_sources
from automl_magics.session import Session

if TYPE_CHECKING:
    from automl_magics.service import AccessKeyService

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Place:
    """Where a verb is said: a notebook's cell or a shell."""

    session: Session
    folder: Path
    """Where relative paths start."""
    say: Callable[[str], None]
    """Shows one line at once, before the verb's answer."""
    confirm: Callable[[str], bool]
    """Asks a person yes or no."""
    command: str = MAGIC
    namespace: Mapping[str, Any] = field(default_factory=dict)
    """The notebook's variables."""
    body: str = ""
    """The cell's body."""
    bind: Callable[[str, Any], None] | None = None
    """Sets a variable of the notebook."""


def run(words: Namespace, place: Place) -> Any:
    """Do a verb and return a view or a widget; None when its answer has been said already."""
    if place.body and words.verb not in ("train", "predict", "features"):
        raise UsageError(f"{words.verb or 'This'} takes no cell body.", hint="Use %automl.")
    if words.verb is None:
        return whats_next(place.session, place.command)
    into = getattr(words, "into", None)
    if into is not None and (not into.isidentifier() or keyword.iskeyword(into)):
        raise UsageError(f"--into {into!r} is no name of a variable.", hint="E.g. --into job.")
    return _VERBS[words.verb](words, place)


def _train(words: Namespace, place: Place) -> View:
    settings = place.session.settings
    fields = {"preset": settings.preset, **words.fields, "source_table": _source(words, place)}
    request = training_request(fields)
    handle = create_job(place.session, request, namespace=place.namespace, folder=place.folder)
    _bind(words, place, handle)
    return _waited(handle, words) if words.wait else handle


def _jobs(words: Namespace, place: Place) -> View:
    page = place.session.jobs.find(
        TrainingJobFilter(
            status=[JobStatus(words.status)] if words.status else [],
            domain=words.domain,
            owner=words.owner,
            search=words.search,
            limit=min(words.limit, MAX_PAGE),
        )
    )
    return _bind(words, place, JobList(page.jobs, page.count))


def _show(words: Namespace, place: Place) -> View:
    return _bind(words, place, _handle(words, place))


def _watch(words: Namespace, place: Place) -> View:
    handle = _handle(words, place)
    if handle.record.status is JobStatus.QUEUED:
        place.session.wake()
    _bind(words, place, handle)
    return _waited(handle, words)


def _logs(words: Namespace, place: Place) -> View | None:
    handle = _handle(words, place)
    if not words.follow:
        return handle.logs(words.lines, level=words.level)
    found = []
    for line in handle.follow_logs(words.lines, level=words.level):
        found.append(line)
        if not words.json:
            place.say(log_line(line))
    return JobLog(found) if words.json else None


def _leaderboard(words: Namespace, place: Place) -> View:
    ranking = _handle(words, place).ranking()
    return _bind(words, place, ranking)


def _dag(words: Namespace, place: Place) -> View:
    return _bind(words, place, _handle(words, place).dag)


def _notebook(words: Namespace, place: Place) -> View:
    handle = _handle(words, place)
    path = handle.notebook(words.to, folder=place.folder)
    return _bind(words, place, WrittenFile(path, place.folder, str(handle.id)))


def _report(words: Namespace, place: Place) -> View:
    handle = _handle(words, place)
    path = handle.report(words.to, folder=place.folder)
    return _bind(words, place, WrittenFile(path, place.folder, str(handle.id)))


def _trigger(words: Namespace, place: Place) -> View:
    return _bind(words, place, _handle(words, place).trigger())


def _stop(words: Namespace, place: Place) -> View:
    return _bind(words, place, _handle(words, place).stop())


def _extend(words: Namespace, place: Place) -> View:
    handle = _handle(words, place).extend(words.time_limit)
    place.session.wake()
    _bind(words, place, handle)
    return _waited(handle, words) if words.wait else handle


def _delete(words: Namespace, place: Place) -> View:
    handle = _handle(words, place)
    record = handle.record
    which = f"{record.name} ({record.job_id.hex[:8]}, {record.status}, {age(record.created_at)})"
    if not words.yes and not place.confirm(f"Delete {which}?"):
        return Message(f"Kept {which}.", {"job_id": str(record.job_id), "deleted": False})
    handle.delete()
    stays = " Its registered model stays." if record.model_uri else ""
    return Message(
        f"Deleted {which} with its log and trials.{stays}",
        {"job_id": str(record.job_id), "deleted": True},
    )


def _predict(words: Namespace, place: Place) -> View:
    named = words.source or place.body
    source = _source(words, place) if named else ""
    output = None if words.output is None else check_output(place.folder / words.output)
    handle = _handle(words, place)
    if not named and handle.record.feature_engineering_job_id is None:
        _source(words, place)
    handle.check_model()  # before the data is read: an unfinished job is the commoner mistake
    if named:
        from automl_magics.data.source import local_source

        settings = place.session.settings
        rows = local_source(settings, source, namespace=place.namespace, folder=place.folder)
        predictions = Predictions(handle.predict(rows))
    else:
        predictions = Predictions(handle.predict_from_sources())
    _bind(words, place, predictions)
    if output is None:
        return predictions
    predictions.write(output)
    count = len(predictions.frame)
    return Message(
        f"Wrote {count:,} predictions to {words.output}",
        {"job_id": str(handle.id), "rows": count, "output": str(output)},
    )


def _form(words: Namespace, place: Place) -> Any:
    return _bind(words, place, widgets.form(words, place.session, words.source))


def _monitor(words: Namespace, place: Place) -> Any:
    return _bind(words, place, widgets.monitor(words, place.session))


def _board(words: Namespace, place: Place) -> Any:
    return _bind(words, place, widgets.board(place.session))


def _deploy(words: Namespace, place: Place) -> View:
    return _bind(words, place, _handle(words, place).deploy())


def _models(words: Namespace, place: Place) -> View:
    return _bind(words, place, DeploymentList(place.session.models.list()))


def _undeploy(words: Namespace, place: Place) -> View:
    ended = place.session.models.undeploy(words.name)
    which = f"{ended.name}, version {ended.version}"
    done = Message(
        f"{which} is no longer deployed. It stays registered.", ended.model_dump(mode="json")
    )
    return _bind(words, place, done)


def _features(words: Namespace, place: Place) -> Any:
    from automl_magics.magics.features import done_with_features

    done = done_with_features(
        words,
        place.session,
        folder=place.folder,
        namespace=place.namespace,
        body=place.body,
        confirm=place.confirm,
    )
    return _bind(words, place, done)


def _keys(words: Namespace, place: Place) -> View:
    if not place.session.way.is_local:
        raise UsageError(
            "Access keys are made where the server keeps its jobs.",
            hint="Say it there, in a terminal or a notebook of that server.",
        )
    from automl_magics.service import AccessKeyService
    from automl_magics.store import Store

    store = Store.open(place.session.settings)
    try:
        return _bind(words, place, _done_with_keys(words, AccessKeyService(store)))
    finally:
        store.close()


def _done_with_keys(words: Namespace, keys: "AccessKeyService") -> View:
    if words.action == "list":
        return KeyList(keys.list())
    if words.action == "revoke":
        if not (words.key or words.name):
            raise UsageError("Which key?", hint="Name it: keys revoke NAME.")
        revoked = keys.revoke(words.key or words.name)
        return Message(f"Revoked {revoked.name}.", revoked.model_dump(mode="json"))
    if words.key:
        raise UsageError(f"{words.key!r} is one word too many.", hint=f"--name {words.key}?")
    if not (words.name and words.scope):
        raise UsageError(
            f"A new key needs {'--scope' if words.name else '--name'}.",
            hint=f"E.g. keys create --name ci --scope {AccessScope.READ}",
        )
    return NewKey(keys.create(words.name, words.scope, expires_in_days=words.expires_in_days))


def _sources(words: Namespace, place: Place) -> View:
    return _bind(words, place, done_with_sources(words, place.session, place.folder))


def _doctor(words: Namespace, place: Place) -> View:
    from automl_magics.displays.checks import Checks
    from automl_magics.service.doctor import check_all

    return _bind(words, place, Checks(list(check_all(place.session.settings))))


def _source(words: Namespace, place: Place) -> str:
    """Return the source that the line or the cell's body names."""
    if words.source and place.body:
        raise UsageError(
            f"The source stands twice: {words.source!r} in the line and SQL in the body.",
            hint="Leave one of them out.",
        )
    source = (words.source or place.body).strip()
    if not source:
        raise UsageError(
            f"{words.verb} needs a source.",
            hint="Name a table, a file, a SELECT or a variable.",
        )
    return str(source)


def _handle(words: Namespace, place: Place) -> TrainingJobHandle:
    return TrainingJobHandle(place.session, find_job(place.session.jobs, words.job))


def _waited(handle: TrainingJobHandle, words: Namespace) -> TrainingJobHandle:
    return handle.wait(progress=not (words.json or words.quiet))


def _bind(words: Namespace, place: Place, value: Shown) -> Shown:
    if getattr(words, "into", None) and place.bind is not None:
        place.bind(words.into, as_value(value))
    return value


def as_value(view: Any) -> Any:
    """Return what a notebook goes on with: a frame where there is one, else the view itself."""
    to_pandas = getattr(view, "to_pandas", None)
    return to_pandas() if to_pandas is not None else view


_VERBS: dict[str, Callable[[Namespace, Place], Any]] = {
    "train": _train,
    "jobs": _jobs,
    "show": _show,
    "watch": _watch,
    "logs": _logs,
    "leaderboard": _leaderboard,
    "dag": _dag,
    "notebook": _notebook,
    "report": _report,
    "trigger": _trigger,
    "stop": _stop,
    "extend": _extend,
    "delete": _delete,
    "predict": _predict,
    "deploy": _deploy,
    "models": _models,
    "undeploy": _undeploy,
    "form": _form,
    "monitor": _monitor,
    "board": _board,
    "keys": _keys,
    "doctor": _doctor,
    "sources": _sources,
    "features": _features,
}
