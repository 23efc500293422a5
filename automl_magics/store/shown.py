"""What the published APIs show of training jobs, read as fast as lists and polls need it.

The columns come as they stand in the file, and pydantic alone makes values of them.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Text, bindparam, literal, select, type_coerce

from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.shown import ShownJob, ShownPage
from automl_magics.store.database import Database
from automl_magics.store.jobs import not_found
from automl_magics.store.lists import list_queries
from automl_magics.store.tables import TRAINING_JOBS as JOBS
from automl_magics.store.tables import Moment

_NAMES = tuple(ShownJob.model_fields)
_JOBS = TypeAdapter(list[ShownJob])


def _as_it_stands(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as text; a moment with the zone that it is in."""
    text = type_coerce(column, Text)
    return text.concat(literal("+00:00")) if isinstance(column.type, Moment) else text


_COLUMNS = [_as_it_stands(JOBS.c[name]).label(name) for name in _NAMES]
_ONE = select(*_COLUMNS).where(JOBS.c.job_id == bindparam("wanted"))


class ShownJobs:
    """Read what is shown of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: UUID) -> ShownJob:
        """Return one job or raise `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"wanted": job_id}).first()
        if row is None:
            raise not_found(job_id)
        return ShownJob.model_validate(_named(row))

    def find(self, wanted: TrainingJobFilter) -> ShownPage:
        """Return a page of matching jobs."""
        count, page = list_queries(wanted, _COLUMNS)
        with self._database.read() as connection:
            found = connection.scalar(count) or 0
            rows = connection.execute(page).all()
        jobs = _JOBS.validate_python([_named(row) for row in rows])
        return ShownPage.model_construct(
            jobs=jobs, count=found, limit=wanted.limit, offset=wanted.offset
        )


def _named(row: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(_NAMES, row, strict=True))
