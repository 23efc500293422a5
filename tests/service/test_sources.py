"""Sources added, listed and removed; their tables among the datasets; a job trained from one."""

import json
import logging
import socket
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from automl_magics import worker
from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound, Unavailable
from automl_magics.data.sources import configured
from automl_magics.service import (
    Caller,
    DatasetService,
    SourceService,
    TrainingService,
    source_datasets,
)
from automl_magics.service import datasets as datasets_module


@pytest.fixture
def sources(settings):
    return SourceService(settings)


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    place.mkdir()
    return place


@pytest.fixture
def shop(tmp_path):
    """An SQLite file."""
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE orders AS SELECT 1 AS id, 2.5 AS price")
    return path


def test_a_source_is_kept_privately_listed_and_removed(sources, settings, tmp_path, shop):
    sources.add("shop", "shop.sqlite", folder=tmp_path)
    sources.add("crm", "postgres://ada:${env:PW}@h/d", folder=tmp_path)
    listed = {source.name: (source.kind, source.url, source.set_by) for source in sources.list()}
    assert listed == {
        "crm": ("postgresql", "postgresql://ada:${env:PW}@h/d", "home"),
        "shop": ("sqlite", f"sqlite://{shop}", "home"),
    }
    kept = settings.home / configured.FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["shop"] == f"sqlite://{shop}"
    assert [table.text for table in sources.tables("shop")] == ["shop.orders"]
    sources.remove("shop")
    assert [source.name for source in sources.list()] == ["crm"]
    with pytest.raises(NotFound, match=r"no source 'crn'\. Did you mean 'crm'"):
        sources.remove("crn")


@pytest.mark.parametrize(
    "name", ["", "Shop", "1shop", "my-shop", "a.b", "memory", "temp", "main", "x" * 64, 'a"b']
)
def test_a_name_that_would_not_do_in_sql_is_refused(sources, tmp_path, name):
    with pytest.raises(InvalidInput) as error:
        sources.add(name, str(tmp_path), folder=tmp_path)
    assert error.value.field == "name"
    assert sources.list() == []


def test_a_name_is_given_once_and_the_settings_win(settings, tmp_path, shop):
    given = {"shop": str(shop), "bad": "postgresql://ada:hunter2@h/d", "No Name": "x"}
    sources = SourceService(settings.model_copy(update={"sources": given}))
    sources.add("lake", str(tmp_path), folder=tmp_path)
    for name in ("lake", "shop"):
        with pytest.raises(Conflict):
            sources.add(name, str(tmp_path), folder=tmp_path)
    with pytest.raises(Conflict, match="set in the settings"):
        sources.remove("shop")
    listed = {source.name: source for source in sources.list()}
    assert sorted(listed) == ["bad", "lake", "shop"]
    assert "hunter2" not in str(listed["bad"])
    assert "holds a password" in listed["bad"].error


def test_sources_added_at_once_are_all_kept(settings, tmp_path):
    names = [f"s{number}" for number in range(12)]

    def add(name):
        SourceService(settings).add(name, str(tmp_path), folder=tmp_path)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, names))
    assert sorted(json.loads((settings.home / configured.FILE).read_text())) == sorted(names)
    assert not [
        path
        for path in settings.home.iterdir()
        if path.name.startswith(f".{configured.FILE}.") and path.suffix != ".lock"
    ]


def test_a_damaged_file_of_sources_is_told(sources, settings):
    (settings.home / configured.FILE).write_text("[1]")
    with pytest.raises(InvalidInput, match=r"sources\.json .* cannot be read"):
        sources.list()


def test_tables_of_sources_are_datasets(settings, root, sources, shop, tmp_path, postgresql):
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "people.csv").write_text("a,b\n1,x\n2,y\n")
    sources.add("lake", str(lake), folder=tmp_path)
    sources.add("shop", str(shop), folder=tmp_path)
    sources.add("crm", postgresql.url, folder=tmp_path)
    postgresql.execute(
        "CREATE TABLE customers AS SELECT 1 AS a UNION ALL SELECT 2",
        'CREATE SCHEMA eu; CREATE TABLE eu."Odd Name" (x int, y int)',
    )
    datasets = DatasetService(settings, root)
    found = {dataset.name: dataset for dataset in datasets.list()}
    assert {name: (one.rows, one.columns, one.format) for name, one in found.items()} == {
        "lake.people": (2, 2, "csv"),
        "shop.orders": (1, 2, "sqlite"),
        "crm.public.customers": (2, 1, "postgresql"),
        'crm.eu."Odd Name"': (0, 2, "postgresql"),
    }
    again = {dataset.name: dataset for dataset in DatasetService(settings, root).list()}
    assert again == found  # ids, counts and dates
    for name, dataset in found.items():
        assert datasets.source_table(dataset.dataset_id) == name
        assert datasets.source_table(dataset.dataset_id, data_source=name.split(".")[0]) == name
        assert datasets.source_table(name) == name
    assert datasets.source_table("customers", data_source="crm") == "crm.customers"
    assert datasets.source_table("public.customers", data_source="CRM") == "crm.public.customers"
    assert datasets.source_table('eu."Odd Name"', data_source="crm") == 'crm.eu."Odd Name"'
    for dataset, source in (("customers", "shop"), ("eu.customers", "crm"), ("x", "crm")):
        with pytest.raises(InvalidInput, match="no dataset") as error:
            datasets.source_table(dataset, data_source=source)
        assert error.value.field == "dataset"
    with pytest.raises(InvalidInput, match="no source 'crn'") as error:
        datasets.source_table("customers", data_source="crn")
    assert error.value.field == "data_source"


def test_a_table_is_counted_once_until_it_changes(
    settings, root, sources, tmp_path, shop, monkeypatch
):
    sources.add("shop", str(shop), folder=tmp_path)
    (root / "one.csv").write_text("a\n1\n")
    counted = []

    def noting(count):
        def noted(source, *rest, **options):
            counted.append(count.__name__)
            return count(source, *rest, **options)

        return noted

    for count in (datasets_module.count_rows, datasets_module.count_source):
        monkeypatch.setattr(datasets_module, count.__name__, noting(count))
    for _ in range(2):
        assert [dataset.rows for dataset in DatasetService(settings, root).list()] == [1, 1]
    assert sorted(counted) == ["count_rows", "count_source"]
    with sqlite3.connect(shop) as made:
        made.execute("INSERT INTO orders SELECT * FROM orders")
    assert [dataset.rows for dataset in DatasetService(settings, root).list()] == [1, 2]
    (settings.home / datasets_module.COUNTS_FILE).write_bytes(b"damaged" * 999)
    assert [dataset.rows for dataset in DatasetService(settings, root).list()] == [1, 2]


def test_a_source_that_does_not_answer_is_left_out_and_told(
    settings, root, sources, shop, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(source_datasets, "LISTING_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        port = silent.getsockname()[1]
        sources.add("shop", str(shop), folder=tmp_path)
        sources.add("mute", f"postgresql://ada@127.0.0.1:{port}/d", folder=tmp_path)
        sources.add("dead", "postgresql://ada@127.0.0.1:1/d", folder=tmp_path)
        datasets = DatasetService(settings, root)
        with caplog.at_level(logging.WARNING):
            assert [dataset.name for dataset in datasets.list()] == ["shop.orders"]
        assert "mute" in caplog.text
        assert "dead" in caplog.text
        caplog.clear()
        assert [dataset.name for dataset in datasets.list()] == ["shop.orders"]
        assert caplog.text == ""  # not asked again so soon
    with pytest.raises(Unavailable, match="'dead' cannot be reached"):
        datasets.source_table("customers", data_source="dead")


@pytest.fixture
def confined(store, settings, root):
    """The service as a server's clients have it."""
    return TrainingService(store, settings, caller=Caller("ada", root=root))


def work(store):
    """Do the only job's work in this process."""
    job = store.queue.claim(uuid4(), [ExecutorName.KERNEL], 1)
    worker.run(str(job.job_id), job.attempt)


def test_a_job_is_trained_from_postgresql_and_the_password_leaks_nowhere(
    confined, sources, settings, store, postgresql, request_for, tmp_path, caplog
):
    postgresql.execute(
        "CREATE TABLE customers AS SELECT i AS tenure, (i % 7)::numeric AS spend,"
        " now() - i * interval '1 day' AS since, CASE WHEN i % 60 < 20 THEN 'yes' ELSE 'no' END"
        " AS churned FROM generate_series(1, 400) i"
    )
    sources.add("crm", postgresql.url, folder=tmp_path)
    request = request_for(source_table="crm.public.customers", time_limit=15)
    with caplog.at_level(logging.DEBUG):
        job = confined.create(request)
        work(store)
    job = store.jobs.get(job.job_id)
    assert job.status is JobStatus.COMPLETE, job.error_message
    assert (job.snapshot.rows, job.snapshot.columns) == (400, 4)
    assert job.source_table == "crm.public.customers"
    told = caplog.text + job.model_dump_json() + "".join(map(str, confined.logs(job.job_id)))
    for part in (postgresql.password, postgresql.password[:8]):
        assert part not in told
        kept = [path for path in settings.home.rglob("*") if path.is_file()]
        assert kept
        assert not [path for path in kept if part.encode() in path.read_bytes()]


def test_a_job_whose_database_is_gone_when_it_runs_fails_in_words(
    confined, sources, store, postgresql, request_for, tmp_path, monkeypatch
):
    postgresql.execute(
        "CREATE TABLE customers AS SELECT i AS a, i % 2 AS churned FROM generate_series(1, 50) i"
    )
    sources.add("crm", postgresql.url, folder=tmp_path)
    job = confined.create(request_for(source_table="crm.customers"))
    monkeypatch.setenv(postgresql.variable, "not-any-more")
    work(store)
    job = store.jobs.get(job.job_id)
    assert job.status is JobStatus.FAILED
    assert "'crm' cannot be reached: it refuses the user or the password" in job.error_message
    assert "not-any-more" not in job.error_message


def test_a_notebook_s_own_source_may_be_a_table_too(service, sources, request_for, shop, tmp_path):
    with sqlite3.connect(shop) as made:
        made.execute("CREATE TABLE people (a, churned)")
        made.executemany("INSERT INTO people VALUES (?, ?)", [(n, "yn"[n % 2]) for n in range(60)])
    sources.add("shop", str(shop), folder=tmp_path)
    job = service.create(request_for(source_table="SELECT * FROM shop.people"))
    assert (job.problem_type, job.name) == ("binary_classification", "people-churned")
