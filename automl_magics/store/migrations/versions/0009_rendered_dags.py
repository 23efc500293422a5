"""The rendered DAGs out of the rows of jobs, which are written whole at each change."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    job = sa.ForeignKey("training_jobs.job_id", ondelete="CASCADE")
    op.create_table(
        "rendered_dags",
        sa.Column("training_job_id", sa.String(36), job, primary_key=True),
        sa.Column("rendered_dag", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO rendered_dags (training_job_id, rendered_dag) "
        "SELECT job_id, rendered_dag FROM training_jobs WHERE rendered_dag IS NOT NULL"
    )
    op.drop_column("training_jobs", "rendered_dag")
