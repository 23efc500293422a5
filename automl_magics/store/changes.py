"""Which jobs have changed, whichever process it was that wrote."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from automl_magics.contracts.changes import ChangedProgress, JobChanged, JobKind
from automl_magics.contracts.features import CrewProgress
from automl_magics.contracts.training import Progress
from automl_magics.store.database import Database
from automl_magics.store.tables import FEATURE_JOBS, TRAINING_JOBS
from automl_magics.store.tables import JOB_CHANGES as CHANGES

_LAST = select(func.max(CHANGES.c.seq))
_SINCE = (
    select(func.max(CHANGES.c.seq).label("seq"), CHANGES.c.kind, CHANGES.c.job_id)
    .where(CHANGES.c.seq > bindparam("seen"))
    .group_by(CHANGES.c.kind, CHANGES.c.job_id)
    .order_by("seq")
)


class Changes:
    """Read the log of changes, which holds the last few thousand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_seq(self) -> int:
        """Return the number of the last change, 0 where there was none."""
        with self._database.read() as connection:
            return connection.scalar(_LAST) or 0

    def since(self, seq: int) -> list[JobChanged]:
        """Return the jobs that changed after the change ``seq``, each once, as they are now."""
        with self._database.read() as connection:
            changes = connection.execute(_SINCE, {"seen": seq}).mappings().all()
            if not changes:
                return []
            of_kind: dict[str, list[UUID]] = {kind.value: [] for kind in JobKind}
            for change in changes:
                of_kind[change["kind"]].append(change["job_id"])
            found = _training(connection, of_kind[JobKind.TRAINING])
            found |= _features(connection, of_kind[JobKind.FEATURE_ENGINEERING])
        gone = {"deleted": True}
        return [
            JobChanged.model_validate({**change, **found.get(change["job_id"], gone)})
            for change in changes
        ]


def _training(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    jobs = TRAINING_JOBS.c
    wanted = select(jobs.job_id, jobs.name, jobs.status, jobs.progress, jobs.updated_at)
    return {
        job_id: {**row, **_of_training(row["progress"])}
        for job_id, row in _rows(connection, wanted, jobs.job_id, ids)
    }


def _of_training(stored: Any) -> dict[str, Any]:
    if stored is None:
        return {}
    progress = Progress.model_validate(stored)
    told = ChangedProgress(
        phase=progress.phase,
        fraction=progress.fraction,
        elapsed=progress.elapsed,
        trials_done=progress.trials_done,
        trials_planned=progress.trials_planned,
    )
    return {"progress": told, "metric": progress.metric, "best_score": progress.best_score}


def _features(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    jobs = FEATURE_JOBS.c
    name = jobs.target_table_name.label("name")
    wanted = select(jobs.job_id, name, jobs.status, jobs.progress, jobs.updated_at)
    return {
        job_id: {**row, "progress": _of_crew(row["progress"])}
        for job_id, row in _rows(connection, wanted, jobs.job_id, ids)
    }


def _of_crew(stored: Any) -> ChangedProgress | None:
    if stored is None:
        return None
    progress = CrewProgress.model_validate(stored)
    return ChangedProgress(phase=progress.step, fraction=progress.fraction)


def _rows(
    connection: Connection, wanted: Select[Any], job_id: Any, ids: Sequence[UUID]
) -> list[tuple[UUID, RowMapping]]:
    if not ids:
        return []
    rows = connection.execute(wanted.where(job_id.in_(ids))).mappings()
    return [(row["job_id"], row) for row in rows]
