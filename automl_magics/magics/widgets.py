"""The verbs that answer with a widget; only a notebook has them."""

from argparse import Namespace
from typing import Any

from automl_magics.feature_job import FeatureJobHandle
from automl_magics.job import TrainingJobHandle
from automl_magics.job_lookup import find_job
from automl_magics.session import Session


def form(words: Namespace, session: Session, source: Any) -> Any:
    """Return a form that makes a job."""
    from automl_widgets import AutoMLForm

    return AutoMLForm(source, label=words.label, session=session)


def monitor(words: Namespace, session: Session) -> Any:
    """Return a live view of one job."""
    from automl_widgets import JobMonitor

    return JobMonitor(TrainingJobHandle(session, find_job(session.jobs, words.job)))


def board(session: Session) -> Any:
    """Return a live list of all jobs."""
    from automl_widgets import JobsBoard

    return JobsBoard(session)


def review(job: FeatureJobHandle) -> Any:
    """Return what a proposal is reviewed in."""
    from automl_widgets import ProposalReview

    return ProposalReview(job)
