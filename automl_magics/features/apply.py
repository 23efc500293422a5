"""A recipe on new rows: the features of a training table, for scoring."""

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import FeatureRecipe, JoinPlan
from automl_magics.features.author import write_sql
from automl_magics.features.cage import arrow, caged
from automl_magics.features.publish import MADE_BY, MATERIALIZING_SECONDS

if TYPE_CHECKING:
    import pyarrow as pa


class KeptRecipe(NamedTuple):
    """A recipe with the joins that it needs."""

    recipe: FeatureRecipe
    plan: JoinPlan


def apply_recipe(
    kept: KeptRecipe, tables: "Mapping[str, pa.Table]", *, cutoff: datetime | None = None
) -> "pa.Table":
    """Return the grain and the features of new rows, one row to a row of the grain's table.

    Parameters
    ----------
    tables
        The rows of each source table that the recipe needs, by short name (see `needed_sources`).
    cutoff
        The moment to look back from, where the recipe has one moment for all rows; now when left
        out. A recipe whose grain's table has a column of moments takes them from there.

    Raises
    ------
    InvalidInput
        When a table lacks a column that the recipe reads.
    """
    import pyarrow.parquet as pq

    plan = kept.plan
    if plan.time_column is not None and cutoff is not None:
        raise InvalidInput(
            f"The moments come from the column {plan.time_column!r}; a cutoff has no meaning."
        )
    if plan.cutoff is not None:
        moment = cutoff or datetime.now(UTC)
        plan = plan.model_copy(update={"cutoff": moment})
    _check_columns(kept, tables)
    plan = plan.model_copy(update={"columns": _columns_there(plan, tables)})
    with tempfile.TemporaryDirectory(prefix="automl-apply-") as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in tables}
        for name, rows in tables.items():
            pq.write_table(rows, files[name])
        with caged(files, Path(folder) / "scratch") as connection:
            statement = write_sql(kept.recipe, plan, with_label=False, as_table=False)
            return arrow(connection, statement, seconds=MATERIALIZING_SECONDS)


def needed_sources(kept: KeptRecipe) -> dict[str, str]:
    """Return the source tables that a recipe reads: the request's name by short name."""
    text = write_sql(kept.recipe, kept.plan, with_label=False, as_table=False)
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(text, dialect="duckdb")
    read = {table.name for table in tree.find_all(exp.Table)}
    return {name: source for name, source in kept.plan.sources.items() if name in read}


def recipe_of_table(workspace: Path, table: str) -> KeptRecipe | None:
    """Return the recipe that a workspace's table was made by; None where it has none."""
    import duckdb

    if not workspace.exists():
        return None
    try:
        with duckdb.connect(str(workspace), read_only=True) as connection:
            found = connection.execute(
                "SELECT comment FROM duckdb_tables() WHERE database_name = current_database()"
                " AND lower(table_name) = lower(?)",
                [table],
            ).fetchone()
    except duckdb.Error:
        return None
    try:
        kept = json.loads((found or ["{}"])[0] or "{}")
        if MADE_BY not in kept:
            return None
        return KeptRecipe(
            FeatureRecipe.model_validate(kept["recipe"]), JoinPlan.model_validate(kept["plan"])
        )
    except (ValueError, KeyError, TypeError):
        return None


def _columns_there(plan: JoinPlan, tables: "Mapping[str, pa.Table]") -> dict[str, dict[str, str]]:
    """Return the plan's columns that the rows have too: a feature that lacks one says so then."""
    there = {name: {column.lower() for column in tables[name].column_names} for name in tables}
    return {
        name: {
            column: kind
            for column, kind in columns.items()
            if name not in there or column.lower() in there[name]
        }
        for name, columns in plan.columns.items()
    }


def _check_columns(kept: KeptRecipe, tables: "Mapping[str, pa.Table]") -> None:
    for name, source in needed_sources(kept).items():
        if name not in tables:
            raise InvalidInput(f"The recipe reads {source!r}, which was not given.")
    first = tables[kept.plan.entity_table]
    known = {column.lower() for column in first.column_names}
    for column in [*kept.plan.grain, kept.plan.time_column]:
        if column is not None and column.lower() not in known:
            raise InvalidInput(
                f"The rows of {kept.plan.entity_table!r} lack the column {column!r}."
            )
