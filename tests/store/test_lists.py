"""Lists of jobs, counted and sorted in SQL, and stretches of a log."""

from datetime import timedelta
from typing import get_args

import pytest

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.lists import SortColumn, TrainingJobFilter
from automl_magics.store.lists import list_queries
from automl_magics.store.shown import SHOWN


@pytest.fixture
def jobs(service, request_for):
    asked = [("beta", "half of 50%", True), ("alpha", None, False), ("gamma", "x_y", True)]
    return [
        service.create(request_for(name=name, description=description, auto_trigger=trigger))
        for name, description, trigger in asked
    ]


def test_jobs_are_sorted_by_any_column_either_way(store, jobs):
    store.jobs.transition(jobs[2].job_id, JobStatus.RUNNING, note="go")

    def names(sort, descending):
        wanted = TrainingJobFilter(sort=sort, descending=descending)
        return [job.name for job in store.jobs.find(wanted).jobs]

    for column in get_args(SortColumn):
        wanted = TrainingJobFilter(sort=column, descending=False)
        up = [getattr(job, column) for job in store.jobs.find(wanted).jobs]
        known = [value for value in up if value is not None]
        assert known == sorted(known), column
        assert len(names(column, True)) == 3
    assert names("name", False) == ["alpha", "beta", "gamma"]
    assert names("started_at", True)[0] == "gamma"
    assert [job.name for job in store.jobs.find().jobs] == ["gamma", "alpha", "beta"]


FILTERS = [
    {},
    {"status": ["complete"]},
    {"status": ["failed", "stopped"]},
    {"domain": "sales"},
    {"owner": "ada", "status": ["queued"]},
    {"search": "churn"},
    {"search": "aml_3c90c3cc"},
    {"mentions": "50%", "status": ["ready"]},
    {"registered_model_name": "default-churn"},
]
BY_MODEL = "INDEX training_jobs_registered"


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("sort", get_args(SortColumn))
@pytest.mark.parametrize("descending", [False, True])
def test_a_list_reads_indexes_and_the_rows_of_its_page_alone(store, filters, sort, descending):
    wanted = TrainingJobFilter(sort=sort, descending=descending, limit=200, **filters)
    with store._database.read() as connection:
        for query in list_queries(wanted, SHOWN):
            options = {"literal_binds": True, "render_postcompile": True}
            asked = str(query.compile(connection.engine, compile_kwargs=options))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
            if "registered_model_name" in filters:
                steps = [step[-1] for step in plan]
                assert not any(step.startswith("SCAN") for step in steps), plan
                assert any(BY_MODEL in step for step in steps), plan
                continue
            scans = [step[-1] for step in plan if step[-1].startswith("SCAN")]
            assert len(scans) == 1, plan
            by_name = "INDEX training_jobs_name" in scans[0]  # in its order, and ends with the page
            assert "COVERING INDEX" in scans[0] or (by_name and not filters), plan


def test_an_id_is_found_by_its_start_in_either_writing(store, jobs):
    wanted = jobs[0].job_id
    for text in (str(wanted), str(wanted)[:12].upper(), f"aml_{wanted.hex}", wanted.hex[:10]):
        found = store.jobs.find(TrainingJobFilter(search=text)).jobs
        assert [job.job_id for job in found] == [wanted], text
    assert store.jobs.find(TrainingJobFilter(search=wanted.hex[1:])).jobs == []


def test_jobs_are_found_by_what_their_name_or_description_mentions(store, jobs):
    def names(mentions):
        wanted = TrainingJobFilter(mentions=mentions)
        return sorted(job.name for job in store.jobs.find(wanted).jobs)

    assert names("ALPH") == ["alpha"]
    assert names("50%") == ["beta"]
    assert names("_") == ["gamma"]
    assert names("churn.csv") == []
    assert names("") == ["alpha", "beta", "gamma"]


def test_jobs_are_counted_by_status(store, jobs):
    assert store.jobs.counts() == {JobStatus.QUEUED: 2, JobStatus.READY: 1}


def test_a_log_s_last_lines_and_those_since_a_moment(store, jobs):
    job_id = jobs[0].job_id
    for number in range(5):
        store.journal.log(job_id, LogLevel.INFO, str(number))
    whole = store.journal.lines(job_id)
    assert store.journal.last_lines(job_id, 2) == whole[-2:]
    assert store.journal.last_lines(job_id, 99) == whole
    assert store.journal.lines_since(job_id, whole[1].timestamp, 2) == whole[2:4]
    before = whole[0].timestamp - timedelta(seconds=1)
    assert store.journal.lines_since(job_id, before, 99) == whole
    assert store.journal.lines_since(job_id, whole[-1].timestamp, 99) == []


def test_a_job_belongs_to_the_organization_of_its_settings(store, settings, request_for):
    from automl_magics.service import TrainingService

    ours = settings.model_copy(update={"organization_id": "org_xyz"})
    job = TrainingService(store, ours).create(request_for())
    assert store.jobs.get(job.job_id).organization_id == "org_xyz"
