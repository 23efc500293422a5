"""Lists of jobs, counted and sorted in SQL, and stretches of a log."""

from datetime import timedelta
from typing import get_args

import pytest
from sqlalchemy import text

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.lists import SortColumn, TrainingJobFilter


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


def test_each_sorted_list_goes_by_an_index(store, jobs):
    for column in get_args(SortColumn):
        for direction in ("ASC", "DESC"):
            order = f"{column} {direction}, job_id {direction}"
            query = f"EXPLAIN QUERY PLAN SELECT * FROM training_jobs ORDER BY {order} LIMIT 20"
            with store._database.read() as connection:
                plan = str(connection.execute(text(query)).all())
            assert "USING INDEX" in plan, plan
            if column not in ("created_at", "name"):  # hardly ever equal
                assert "TEMP B-TREE" not in plan, plan


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
