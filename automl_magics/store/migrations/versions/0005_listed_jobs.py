"""All that a list of training jobs is filtered, searched and sorted by, in one narrow index."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "training_jobs_listed",
        "training_jobs",
        [
            *("created_at", "job_id", "status", "domain", "owner", "name", "source_table"),
            *("description", "updated_at", "started_at", "finished_at"),
        ],
    )
