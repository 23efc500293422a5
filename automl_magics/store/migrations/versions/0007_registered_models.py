"""The jobs that made the versions of a registered model are found by an index."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["registered_model_name", "created_at", "job_id"]
    op.create_index("training_jobs_registered", "training_jobs", columns)
