"""Access keys, and what the second dialect's jobs have besides."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_keys",
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("last_used_at", sa.DateTime),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("revoked_at", sa.DateTime),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.add_column("training_jobs", sa.Column("description", sa.Text))
    op.add_column(
        "training_jobs",
        sa.Column("organization_id", sa.Text, nullable=False, server_default="default"),
    )
    for name in ("updated", "started", "finished"):
        op.create_index(f"training_jobs_{name}", "training_jobs", [f"{name}_at", "job_id"])
    op.create_index("training_jobs_status_sorted", "training_jobs", ["status", "job_id"])
