"""Which training jobs a list is made of: the queries for how many there are and for one page."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, UnaryExpression, func, or_, select, type_coerce
from sqlalchemy.sql.operators import custom_op

from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.store.tables import TRAINING_JOBS as JOBS


def list_queries(
    wanted: TrainingJobFilter, fields: Sequence[ColumnElement[Any]]
) -> tuple[Select[Any], Select[Any]]:
    """Return the queries for how many jobs there are, and for a page of them.

    Both go by indexes alone; only the page's own rows are read, which are wide.
    """
    where = _conditions(wanted)
    by: list[ColumnElement[Any]] = [JOBS.c[wanted.sort], JOBS.c.job_id]
    if where and wanted.sort != "created_at":
        by[0] = _by_no_index(by[0])
    # both in one direction, as the columns of an index are
    order = [column.desc() if wanted.descending else column.asc() for column in by]
    ids = select(JOBS.c.job_id).where(*where).order_by(*order)
    ids = ids.limit(wanted.limit).offset(wanted.offset)
    page = select(*fields).where(JOBS.c.job_id.in_(ids.correlate(None))).order_by(*order)
    return select(func.count()).select_from(JOBS).where(*where), page


def _conditions(wanted: TrainingJobFilter) -> list[ColumnElement[bool]]:
    """Return what every job that is wanted fulfils."""
    exact = {
        "domain": wanted.domain,
        "owner": wanted.owner,
        "name": wanted.name,
        "registered_model_name": wanted.registered_model_name,
    }
    where: list[ColumnElement[bool]] = [
        JOBS.c[column] == value for column, value in exact.items() if value is not None
    ]
    if wanted.status:
        where.append(_by_no_index(JOBS.c.status).in_(wanted.status))
    if wanted.search:
        places = (_holds(JOBS.c.name, wanted.search), _holds(JOBS.c.source_table, wanted.search))
        where.append(or_(*places, *_starts_id(wanted.search)))
    if wanted.mentions:
        places = (_holds(JOBS.c.name, wanted.mentions), _holds(JOBS.c.description, wanted.mentions))
        where.append(or_(*places))
    return where


def _holds(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return that a text holds another; SQLite's LIKE does not tell ASCII's cases apart."""
    return column.contains(text, autoescape=True)


def _starts_id(text: str) -> list[ColumnElement[bool]]:
    """Return that an id starts so, written as a UUID or as ``aml_`` and its hex."""
    start = text.lower().removeprefix("aml_").replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{1,32}", start):
        return []
    parts = (start[:8], start[8:12], start[12:16], start[16:20], start[20:])
    written = "-".join(part for part in parts if part)
    return [type_coerce(JOBS.c.job_id, Text).startswith(written)]


def _by_no_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column that SQLite looks for in no index of its own (sqlite.org/optoverview.html).

    By the index of statuses it would read each such job's wide row to sort it.
    """
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)
