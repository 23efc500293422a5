"""What the published APIs show of training jobs, read as fast as lists and polls need it.

The columns come as they stand in the file, and pydantic alone makes values of them.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Text, bindparam, literal, select, type_coerce

from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.shown import ShownJob, ShownPage
from automl_magics.store.database import Database
from automl_magics.store.jobs import not_found, stored
from automl_magics.store.lists import list_queries
from automl_magics.store.statements import Statement
from automl_magics.store.tables import TRAINING_JOBS as JOBS
from automl_magics.store.tables import Moment

_NAMES = tuple(ShownJob.model_fields)
_JOBS = TypeAdapter(list[ShownJob])


def _as_it_stands(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as text; a moment with the zone that it is in."""
    text = type_coerce(column, Text)
    return text.concat(literal("+00:00")) if isinstance(column.type, Moment) else text


SHOWN = [_as_it_stands(stored(name)).label(name) for name in _NAMES]
"""What to select for `shown_by`."""

_ONE = Statement(select(*SHOWN).where(JOBS.c.job_id == bindparam("wanted")))


class ShownJobs:
    """Read what is shown of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: UUID) -> ShownJob:
        """Return one job or raise `NotFound`."""
        with self._database.look() as connection:
            return shown_job(connection, job_id)

    def find(self, wanted: TrainingJobFilter) -> ShownPage:
        """Return a page of matching jobs."""
        count, page = list_queries(wanted, SHOWN)
        with self._database.read() as connection:
            found = connection.scalar(count) or 0
            rows = connection.execute(page).all()
        jobs = _JOBS.validate_python([_named(row) for row in rows])
        return ShownPage.model_construct(
            jobs=jobs, count=found, limit=wanted.limit, offset=wanted.offset
        )


def shown_job(connection: sqlite3.Connection, job_id: UUID) -> ShownJob:
    """Return one job or raise `NotFound`."""
    row = _ONE.run(connection, wanted=job_id).fetchone()
    if row is None:
        raise not_found(job_id)
    return shown_by(row)


def shown_by(row: Iterable[Any]) -> ShownJob:
    """Return the job that a row of `SHOWN` tells of."""
    return ShownJob.model_validate(_named(row))


def _named(row: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(_NAMES, row, strict=True))
