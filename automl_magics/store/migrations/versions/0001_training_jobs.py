"""Training jobs, their logs and trials, and the dispatchers that start them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_jobs",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("source_table", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("problem_type", sa.Text, nullable=False),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("preset", sa.Text, nullable=False),
        sa.Column("executor", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error_message", sa.Text),
        sa.Column("correlation_id", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("heartbeat_at", sa.DateTime),
        sa.Column("worker", sa.JSON),
        sa.Column("progress", sa.JSON),
        sa.Column("result", sa.JSON),
        sa.Column("snapshot", sa.JSON),
        sa.Column("rendered_dag", sa.Text),
        sa.Column("mlflow_run_id", sa.Text),
        sa.Column("mlflow_experiment_name", sa.Text),
        sa.Column("registered_model_name", sa.Text),
        sa.Column("registered_model_version", sa.Text),
        sa.Column("airflow_dag_id", sa.Text),
        sa.Column("airflow_dag_url", sa.Text),
        sa.Column("feature_engineering_job_id", sa.String(36)),
        sa.Column("source_root", sa.Text),
        sa.Column("queued_at", sa.DateTime),
        sa.Column("claimed_at", sa.DateTime),
        sa.Column("dispatcher_id", sa.String(36)),
        sa.CheckConstraint(
            "status IN ('ready', 'queued', 'running', 'complete', 'failed', 'stopped')",
            name="training_jobs_status",
        ),
    )
    op.create_index("training_jobs_queue", "training_jobs", ["status", "queued_at"])
    op.create_index("training_jobs_created", "training_jobs", ["created_at"])
    op.create_index("training_jobs_name", "training_jobs", ["name"])
    job = "training_jobs.job_id"
    op.create_table(
        "log_lines",
        sa.Column(
            "job_id", sa.String(36), sa.ForeignKey(job, ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("timestamp", sa.DateTime, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
    )
    op.create_table(
        "trials",
        sa.Column(
            "job_id", sa.String(36), sa.ForeignKey(job, ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("finished_at", sa.DateTime, nullable=False),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "dispatchers",
        sa.Column("dispatcher_id", sa.String(36), primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_started", sa.Float, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("heartbeat_at", sa.DateTime, nullable=False),
    )
