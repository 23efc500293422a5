"""The one place that knows which transition of a training job is allowed.

========  ==================================================================
from      to
========  ==================================================================
(new)     ready, queued
ready     queued (triggered)
queued    running (its worker started), failed (it could not), stopped,
          ready (it could not now; it may be triggered again)
running   complete, failed, stopped, queued (given back by its dispatcher)
complete  queued (extended)
stopped   queued (extended)
========  ==================================================================

From failed nothing leads on. A job that is extended keeps its model until it has a better one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Conflict

READY, QUEUED, RUNNING, COMPLETE, FAILED, STOPPED = JobStatus

ALLOWED: dict[JobStatus, frozenset[JobStatus]] = {
    READY: frozenset({QUEUED}),
    QUEUED: frozenset({RUNNING, FAILED, STOPPED, READY}),
    RUNNING: frozenset({COMPLETE, FAILED, STOPPED, QUEUED}),
    COMPLETE: frozenset({QUEUED}),
    FAILED: frozenset(),
    STOPPED: frozenset({QUEUED}),
}

INITIAL = frozenset({READY, QUEUED})

_WORKING = (READY, QUEUED, RUNNING)

_VERB = {QUEUED: "triggered", STOPPED: "stopped", RUNNING: "started", COMPLETE: "completed"}
_HINT = {
    READY: "Trigger it first.",
    QUEUED: "It is waiting to be started.",
    RUNNING: "It is being trained.",
}


def check_transition(current: JobStatus, wanted: JobStatus) -> None:
    """Raise `Conflict` unless a job may go from ``current`` to ``wanted``."""
    if wanted not in ALLOWED[current]:
        raise refusal(current, wanted)


def advanced(
    path: Sequence[JobStatus],
    note: str,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    is_extension: bool,
) -> tuple[dict[str, Any], str]:
    """Return the columns that change when a job goes along states, and the line for its log.

    An extension that fails leaves its job complete, as it was before.

    Parameters
    ----------
    path
        From the job's own state to the last one; `Conflict` where it may not be gone.
    changes
        Further columns to set.
    """
    values: dict[str, Any] = {}
    for before, after in pairwise(path):
        check_transition(before, after)
        values |= _entering(after, now)
    values |= {**changes, "status": path[-1], "updated_at": now}
    if path[-1] is FAILED and is_extension:
        values["status"], note = COMPLETE, f"{note} The model from before stays."
        values.pop("error_message", None)
    return values, note


def is_late(current: JobStatus, wanted: JobStatus) -> bool:
    """Return whether a job that is ``current`` has been ``wanted`` before, or is over."""
    if current.is_terminal:
        return True
    return wanted in _WORKING and _WORKING.index(wanted) < _WORKING.index(current)


def way(current: JobStatus, wanted: JobStatus) -> list[JobStatus]:
    """Return the states to pass through from one to a later one, both included."""
    ahead = _WORKING[_WORKING.index(current) :]
    if wanted in _WORKING:
        return list(ahead[: ahead.index(wanted) + 1])
    return [*ahead, wanted]


def refusal(current: JobStatus, wanted: JobStatus) -> Conflict:
    """Return the error that says why a job cannot go from ``current`` to ``wanted``."""
    verb = _VERB.get(wanted, f"set to {wanted}")
    hint = _HINT.get(current, "It has ended; create a new job.")
    return Conflict(f"A job that is {current} cannot be {verb}.", hint=hint)


def check_deletable(current: JobStatus) -> None:
    """Raise `Conflict` when a job in this state must not be deleted."""
    if current is RUNNING:
        raise Conflict("A job that is running cannot be deleted.", hint="Stop it first.")


def _entering(status: JobStatus, now: datetime) -> dict[str, Any]:
    """Return what changes by itself when a job enters a state."""
    if status in INITIAL:
        unclaimed = ("dispatcher_id", "claimed_at", "worker", "started_at", "heartbeat_at")
        unended = ("progress", "finished_at", "error_message")
        queued_at = now if status is QUEUED else None
        return {"queued_at": queued_at, **dict.fromkeys((*unclaimed, *unended))}
    if status is RUNNING:
        return {"started_at": now, "heartbeat_at": now}
    return {"finished_at": now}
