"""Floor 2: the SQLite store of jobs, their logs and trials, and the queue."""

from typing import Self

from automl_magics.settings import Settings
from automl_magics.store.access_keys import AccessKeys
from automl_magics.store.changes import Changes
from automl_magics.store.database import Database
from automl_magics.store.features import FeatureJobs
from automl_magics.store.inbox import Inbox
from automl_magics.store.jobs import Jobs
from automl_magics.store.journal import Journal
from automl_magics.store.queue import Queue
from automl_magics.store.shown import ShownJobs
from automl_magics.store.writebacks import Writebacks


class Store:
    """The store of one ``AUTOML_HOME``; safe to use from several threads and processes.

    Attributes
    ----------
    jobs
        The records and their transitions.
    journal
        Log lines and trials.
    inbox
        What workers on other machines say.
    queue
        Who has which queued or running job.
    access_keys
        The keys of clients.
    feature_jobs
        The records of feature engineering jobs, and their logs.
    changes
        Which jobs have changed of late.
    shown_jobs
        What the published APIs show of training jobs.
    writebacks
        What DAGs say of their jobs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.jobs = Jobs(database)
        self.journal = Journal(database)
        self.inbox = Inbox(database)
        self.queue = Queue(database)
        self.access_keys = AccessKeys(database)
        self.feature_jobs = FeatureJobs(database)
        self.changes = Changes(database)
        self.shown_jobs = ShownJobs(database)
        self.writebacks = Writebacks(database)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store of these settings, made or migrated as needed."""
        database = Database(settings.store_path)
        database.migrate()
        return cls(database)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
