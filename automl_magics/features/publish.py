"""A recipe's table: made in a file of its own, then put into the workspace in one transaction."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from automl_magics.contracts.errors import Conflict, InvalidInput, Unavailable, first_line
from automl_magics.contracts.features import FeatureRecipe, JoinPlan
from automl_magics.features.author import write_sql
from automl_magics.features.cage import caged, rows, run
from automl_magics.features.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb

MATERIALIZING_SECONDS = 4 * 3600.0
LOOK_EVERY = 0.5
LOCKED_SECONDS = 120.0
"""How long to wait for others to let go of the workspace."""

MADE_BY = "automl_feature_job"
"""The key in a table's comment that says which job made it."""


def materialize(
    recipe: FeatureRecipe,
    plan: JoinPlan,
    tables: Mapping[str, Path],
    *,
    scratch: Path,
    database: Path,
    progress: Callable[[float], None],
) -> int:
    """Make a recipe's table in a new DuckDB file and return how many rows it has.

    Parameters
    ----------
    progress
        Hears how much is done, 0 to 1.
    """
    database.unlink(missing_ok=True)
    with caged(tables, scratch, database=database) as connection:
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(connection, done, progress), daemon=True)
        watch.start()
        try:
            run(connection, write_sql(recipe, plan), seconds=MATERIALIZING_SECONDS)
        finally:
            done.set()
            watch.join()
        counted = f"SELECT count(*) FROM {identifier(recipe.target_table)}"  # noqa: S608
        return int(rows(connection, counted, seconds=MATERIALIZING_SECONDS)[0][0])


def publish(
    database: Path, workspace: Path, recipe: FeatureRecipe, plan: JoinPlan, job_id: UUID
) -> None:
    """Copy a recipe's table from its file into the workspace, whole or not at all.

    The table keeps its job and its recipe in its comment. One that the crew made before is
    replaced.

    Raises
    ------
    Conflict
        When another table has its name.
    Unavailable
        When others hold the workspace for long.
    """
    import duckdb
    import filelock

    name = identifier(recipe.target_table)
    kept = json.dumps(
        {
            MADE_BY: str(job_id),
            "recipe": recipe.model_dump(mode="json"),
            "plan": plan.model_dump(mode="json"),
        }
    )
    with filelock.FileLock(workspace.with_suffix(".lock")):
        connection = _opened(workspace)
        try:
            connection.execute(f"ATTACH {literal(str(database))} AS made (READ_ONLY)")
            check_target(connection, recipe.target_table)
            connection.execute("BEGIN")
            connection.execute(f"DROP TABLE IF EXISTS main.{name}")
            connection.execute(f"CREATE TABLE main.{name} AS FROM made.main.{name}")
            connection.execute(f"COMMENT ON TABLE main.{name} IS {literal(kept)}")
            connection.execute("COMMIT")
        except duckdb.Error as error:
            raise Unavailable(
                f"The workspace did not take the table: {first_line(error)}."
            ) from None
        finally:
            connection.close()


def check_free(workspace: Path, target: str) -> None:
    """Raise `InvalidInput` when the workspace has a table of this name that is not the crew's."""
    import duckdb

    if not workspace.exists():
        return
    try:
        with duckdb.connect(str(workspace), read_only=True) as connection:
            check_target(connection, target)
    except Conflict as error:
        raise InvalidInput(error.message, hint=error.hint, field="target_table_name") from None
    except duckdb.Error:  # written to at this moment: it is looked at again when the table is there
        return


def check_target(connection: "duckdb.DuckDBPyConnection", target: str) -> None:
    """Raise `Conflict` when the workspace has a table of this name that is not the crew's."""
    found = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE database_name = current_database()"
        " AND schema_name = 'main' AND lower(table_name) = lower(?)"
        " UNION ALL SELECT NULL FROM duckdb_views() WHERE database_name = current_database()"
        " AND NOT internal AND lower(view_name) = lower(?)",
        [target, target],
    ).fetchall()
    if any(not _is_ours(comment) for (comment,) in found):
        raise Conflict(
            f"The workspace has a table {target!r} already, and the crew did not make it.",
            hint="Choose another target_table_name.",
        )


def _is_ours(comment: Any) -> bool:
    try:
        return MADE_BY in json.loads(comment or "{}")
    except (TypeError, ValueError):
        return False


def _opened(workspace: Path) -> "duckdb.DuckDBPyConnection":
    """Open the workspace for writing, once others let go of it."""
    import duckdb

    deadline = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            return duckdb.connect(str(workspace), config={"python_enable_replacements": "false"})
        except duckdb.Error as error:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The workspace cannot be written to: {first_line(error)}.",
                    hint="Close what holds it open, and retry.",
                ) from None
            time.sleep(0.2)


def _watch(
    connection: "duckdb.DuckDBPyConnection",
    done: threading.Event,
    progress: Callable[[float], None],
) -> None:
    while not done.wait(LOOK_EVERY):
        share = connection.query_progress()
        if share is not None and share >= 0:
            progress(min(1.0, share / 100))
