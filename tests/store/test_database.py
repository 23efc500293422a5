"""The SQLite file: schema, pragmas, several openers, and files that are not ours."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from automl_magics.contracts.errors import Busy, NotFound, Unavailable
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.database import REVISION, Database
from automl_magics.store.jobs import Jobs
from automl_magics.store.tables import METADATA


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(tmp_path / "automl.db")
    database.migrate()
    return database


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("automl_magics.store") / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_a_job_of_the_first_schema_is_read_by_this_one(tmp_path: Path) -> None:
    path = tmp_path / "automl.db"
    database = Database(path)
    config = Config()
    config.set_main_option("script_location", str(files("automl_magics.store") / "migrations"))
    request = '{"source_table": "a.csv", "label_column": "y"}'
    values = {
        "job_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
        "name": "old",
        "domain": "default",
        "owner": "ada",
        "source_table": "a.csv",
        "request": request,
        "problem_type": "regression",
        "algorithm": "lightgbm_regressor",
        "preset": "fast",
        "executor": "kernel",
        "status": "complete",
        "attempt": 1,
        "rendered_dag": "import airflow",
        "created_at": "2026-01-02 03:04:05.000000",
        "updated_at": "2026-01-02 03:04:05.000000",
    }
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text(f"INSERT INTO training_jobs ({columns}) VALUES ({places})"), values)
    database.migrate()
    (job,) = Jobs(database).find().jobs
    assert (job.name, job.description, job.organization_id) == ("old", None, "default")
    assert job.rendered_dag == "import airflow"


def test_the_file_is_opened_as_it_must_be(database: Database) -> None:
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) > 0


@pytest.mark.parametrize("wait", [True, False])
def test_a_change_that_fails_is_undone_and_leaves_no_lock(database: Database, wait: bool) -> None:
    def insert(seq: int) -> None:
        with database.change(wait=wait) as connection:
            connection.execute("INSERT INTO job_changes VALUES (?, 'training', 'a')", [seq])
            if seq == 1:
                raise NotFound("It is gone.")

    with pytest.raises(NotFound):
        insert(1)
    insert(2)
    with database.look() as connection:
        assert connection.execute("SELECT seq FROM job_changes").fetchall() == [(2,)]


def test_who_does_not_wait_for_a_writer_is_told_so(database: Database) -> None:
    with (
        database.write(),
        pytest.raises(Busy),
        database.change(wait=False),
    ):
        pytest.fail("two writers at once")


def test_a_newer_schema_is_refused_in_words(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer automl-magics"):
        database.migrate()


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "automl.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Unavailable, match="not a SQLite database"):
        Store.open(Settings(home=tmp_path))


def test_processes_that_open_a_new_store_at_once_all_succeed(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(_open, [tmp_path / "home"] * 3)) == [0, 0, 0]


def test_home_and_what_is_in_it_is_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    Store.open(settings).close()
    settings.job_folder("a")
    for folder in (settings.home, settings.home / "jobs", settings.home / "jobs" / "a"):
        assert folder.stat().st_mode & 0o777 == 0o700


def _open(home: Path) -> int:
    store = Store.open(Settings(home=home))
    count = store.jobs.find().count
    store.close()
    return count
