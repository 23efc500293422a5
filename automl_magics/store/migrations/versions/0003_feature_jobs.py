"""Feature engineering jobs and their logs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_jobs",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("target_table_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("recipe", sa.JSON),
        sa.Column("plan", sa.JSON),
        sa.Column("sql", sa.Text),
        sa.Column("validation", sa.JSON),
        sa.Column("error", sa.Text),
        sa.Column("progress", sa.JSON),
        sa.Column("approval", sa.JSON),
        sa.Column("training_table", sa.Text),
        sa.Column("training_rows", sa.Integer),
        sa.Column("training_job_id", sa.String(36)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("correlation_id", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("heartbeat_at", sa.DateTime),
        sa.Column("worker", sa.JSON),
        sa.Column("source_root", sa.Text),
        sa.CheckConstraint(
            "status IN ('running', 'pending_approval', 'failed', 'approved', 'materializing',"
            " 'complete')",
            name="feature_jobs_status",
        ),
    )
    op.create_index("feature_jobs_created", "feature_jobs", ["created_at", "job_id"])
    op.create_index("feature_jobs_name", "feature_jobs", ["target_table_name"])
    op.create_table(
        "feature_log_lines",
        sa.Column(
            "job_id",
            sa.String(36),
            sa.ForeignKey("feature_jobs.job_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("timestamp", sa.DateTime, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
    )
