"""``features``: have the crew propose a training table, review it, have it made, use it again."""

import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from automl_magics.contracts.errors import NotFound, UsageError
from automl_magics.contracts.features import (
    FeatureEngineeringRequest,
    LabelSpec,
    LabelType,
    TrainRequest,
)
from automl_magics.displays.predictions import Predictions, check_output
from automl_magics.displays.proposals import ProposalList
from automl_magics.displays.view import Message, View
from automl_magics.feature_job import (
    FeatureJobHandle,
    find_feature_job,
    propose_features,
    table_from_sources,
)
from automl_magics.magics.widgets import review
from automl_magics.session import Session

_HINT = re.compile(r"^[^'\"]*\w\.\S+\s*=\s*\S+\.\w", re.UNICODE)


def done_with_features(
    words: Namespace,
    session: Session,
    *,
    folder: Path,
    namespace: Mapping[str, Any],
    body: str,
    confirm: Callable[[str], bool],
) -> Any:
    """Do what the words say, and return a view or a widget.

    Parameters
    ----------
    folder
        Where relative paths start.
    namespace
        The notebook's variables.
    body
        The cell's body: source tables, one to a line, and joins such as ``a.x = b.y``.
    confirm
        Asks a person yes or no.
    """
    if words.action == "list":
        page = session.features.find()
        return ProposalList(page.jobs, page.count)
    if not words.name:
        raise UsageError("Which table?", hint=f"Name it: features {words.action} TABLE.")
    if words.action == "propose":
        request = _request(words, body)
        handle = propose_features(session, request, namespace=namespace, folder=folder)
        return _waited(handle, words)
    if body:
        raise UsageError(f"features {words.action} takes no cell body.", hint="Use %automl.")
    if words.action == "apply":
        return _apply(words, session, namespace, folder)
    handle = find_feature_job(session, words.name)
    if words.action in ("delete", "logs", "review"):
        return _looked(handle, words, confirm)
    if words.action in ("edit", "approve"):
        handle = _review(handle, words)
    elif words.action == "retry":
        handle.retry()
    return _waited(handle, words)


def _looked(handle: FeatureJobHandle, words: Namespace, confirm: Callable[[str], bool]) -> Any:
    """Delete a job, or return its log or what it is reviewed in."""
    if words.action == "delete":
        return _delete(handle, words, confirm)
    if words.action == "logs":
        return handle.logs()
    handle = _waited(handle, words)
    return handle if words.json else review(handle)


def _waited(handle: FeatureJobHandle, words: Namespace) -> FeatureJobHandle:
    shown = not (words.json or words.quiet)
    return handle.wait(progress=shown) if words.wait else handle


def _request(words: Namespace, body: str) -> FeatureEngineeringRequest:
    lines = [line.strip().rstrip(",") for line in body.splitlines() if line.strip()]
    hints = [line for line in lines if _HINT.match(line)]
    tables = [line for line in lines if line not in hints]
    given = {
        "target_table_name": words.name,
        "source_tables": [*(words.tables or []), *tables],
        "entity_grain": words.grain or [],
        "label": _label(words),
        "join_hints": [*(words.join or []), *hints],
        "time_column": words.time_column,
        "cutoff": _moment(words.cutoff),
        "description": words.description,
        "domain": words.domain,
        "max_features": words.max_features,
        "crew": words.crew,
    }
    try:
        return FeatureEngineeringRequest.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        raise _usage(error) from None


def _label(words: Namespace) -> dict[str, Any]:
    column, text = words.label, words.label_sql
    asked = {
        "column": column,
        "derivation": text,
        "type": words.label_type or (None if column or text else LabelType.NONE),
        "name": words.label_name or ((column or "").rpartition(".")[2] or None),
        "positive_class_value": words.positive,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _review(handle: FeatureJobHandle, words: Namespace) -> FeatureJobHandle:
    """Apply the edits that are given, and approve where that is the word."""
    label = _label(words) if words.label or words.label_sql or words.label_type else None
    if words.remove or words.rename or words.notes is not None or label is not None:
        try:
            spec = None if label is None else LabelSpec.model_validate(label)
        except ValidationError as error:
            raise _usage(error) from None
        handle.edit(
            remove=words.remove, rename=dict(words.rename or []), label=spec, notes=words.notes
        )
    elif words.action == "edit":
        raise UsageError("What is to be changed?", hint="E.g. --remove A,B or --rename OLD=NEW.")
    if words.action == "edit":
        return handle
    asked = {"preset": words.preset, "time_limit": words.time_limit}
    asked = {name: value for name, value in asked.items() if value is not None}
    try:
        request = TrainRequest.model_validate(asked) if asked else None
    except ValidationError as error:
        raise _usage(error) from None
    return handle.approve(train=words.train, train_request=request)


def _delete(handle: FeatureJobHandle, words: Namespace, confirm: Callable[[str], bool]) -> View:
    record = handle.record
    which = f"{record.target_table_name} ({record.job_id.hex[:8]}, {record.status})"
    data = {"job_id": str(record.job_id), "deleted": True}
    if not words.yes and not confirm(f"Delete {which}?"):
        return Message(f"Kept {which}.", {**data, "deleted": False})
    handle.delete()
    stays = " Its table stays in the workspace." if record.training_table else ""
    return Message(f"Deleted {which}.{stays}", data)


def _apply(words: Namespace, session: Session, namespace: Mapping[str, Any], folder: Path) -> View:
    from automl_magics.features.apply import recipe_of_table

    output = None if words.output is None else check_output(folder / words.output)
    try:
        kept = find_feature_job(session, words.name).kept()
    except NotFound:  # the job is gone, the table remembers
        found = recipe_of_table(session.settings.workspace_path, words.name)
        if found is None:
            raise
        kept = found
    table = table_from_sources(
        session,
        kept,
        dict(words.source or []),
        cutoff=_moment(words.cutoff),
        namespace=namespace,
        folder=folder,
    )
    rows = Predictions(table.to_pandas())
    if output is None:
        return rows
    rows.write(output)
    data = {"table": words.name, "rows": len(table), "output": str(output)}
    return Message(f"Wrote {len(table):,} rows to {words.output}", data)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--cutoff {text!r} is no date or time.", hint="E.g. --cutoff 2024-06-01"
        ) from None


def _usage(error: ValidationError) -> UsageError:
    first = error.errors()[0]
    names = {"source_tables": "--tables", "entity_grain": "--grain", "label": "--label"}
    field = str(first["loc"][0]) if first["loc"] else ""
    option = names.get(field, f"--{field.replace('_', '-')}" if field else "")
    if field == "target_table_name":
        return UsageError(
            "A training table's name has letters, digits and _ only.", field="target_table_name"
        )
    reason = first["msg"].removeprefix("Value error, ")
    return UsageError(f"{option} {reason}.".strip(), hint="See features --help.", field=field)
