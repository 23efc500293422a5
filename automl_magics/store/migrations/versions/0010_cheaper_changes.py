"""Fewer pages written when a job changes its state.

Sorting by when jobs started or finished goes by the index of lists. The log of changes is cut once
in a hundred changes, so that it holds the last 10,000 to 10,100.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NOTE = """
CREATE TRIGGER {table}_{event} AFTER {when} ON {table} {condition}
BEGIN
    INSERT INTO job_changes (kind, job_id) VALUES ('{kind}', {row}.job_id);
END
"""
_CHANGED = "WHEN OLD.updated_at IS NOT NEW.updated_at OR OLD.progress IS NOT NEW.progress"
_CUT = """
CREATE TRIGGER job_changes_cut AFTER INSERT ON job_changes WHEN NEW.seq % 100 = 0
BEGIN
    DELETE FROM job_changes WHERE seq <= NEW.seq - 10000;
END
"""


def upgrade() -> None:
    op.drop_index("training_jobs_started", "training_jobs")
    op.drop_index("training_jobs_finished", "training_jobs")
    for kind, table in (("training", "training_jobs"), ("feature_engineering", "feature_jobs")):
        for event, when, condition, row in (
            ("inserted", "INSERT", "", "NEW"),
            ("updated", "UPDATE OF updated_at, progress", _CHANGED, "NEW"),
            ("deleted", "DELETE", "", "OLD"),
        ):
            op.execute(f"DROP TRIGGER {table}_{event}")
            op.execute(
                _NOTE.format(
                    table=table, kind=kind, event=event, when=when, condition=condition, row=row
                )
            )
    op.execute(_CUT)
