"""How far each worker on another machine has been heard."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column(
            "job_id",
            sa.String(36),
            sa.ForeignKey("training_jobs.job_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("last_seq", sa.Integer, nullable=False),
    )
