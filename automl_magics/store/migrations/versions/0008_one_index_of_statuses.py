"""One index of statuses serves lists and the queue; each index costs every change of a job."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("training_jobs_queue", "training_jobs")
