"""A log of which jobs have changed, kept by triggers: whoever writes, it is noticed.

It holds the last 10,000 changes. A later migration that makes one of the two tables anew must make
its triggers anew as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOTE = """
CREATE TRIGGER {table}_{event} AFTER {when} ON {table} {condition}
BEGIN
    INSERT INTO job_changes (kind, job_id) VALUES ('{kind}', {row}.job_id);
    DELETE FROM job_changes WHERE seq <= last_insert_rowid() - 10000;
END
"""
_CHANGED = "WHEN OLD.updated_at IS NOT NEW.updated_at OR OLD.progress IS NOT NEW.progress"


def upgrade() -> None:
    op.create_table(
        "job_changes",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
    )
    for kind, table in (("training", "training_jobs"), ("feature_engineering", "feature_jobs")):
        for event, when, condition, row in (
            ("inserted", "INSERT", "", "NEW"),
            ("updated", "UPDATE OF updated_at, progress", _CHANGED, "NEW"),
            ("deleted", "DELETE", "", "OLD"),
        ):
            op.execute(
                _NOTE.format(
                    table=table, kind=kind, event=event, when=when, condition=condition, row=row
                )
            )
