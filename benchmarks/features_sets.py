"""What is to be predicted in the sets of several tables, for ``features.py``."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Set:
    """What is to be predicted in one set."""

    folder: str
    entity: str
    grain: list[str]
    label: str
    time: str
    log: bool = False
    """Whether the label spans orders of magnitude and is learned as its logarithm."""
    split: str | None = None
    """The column that says ``train`` or ``test``; five folds by chance where there is none."""
    parents: dict[str, str] = field(default_factory=dict)
    """For the peer: the key of each table that has one."""
    links: list[tuple[str, str, str, str]] = field(default_factory=list)
    """For the peer: parent, its key, child, its column."""
    dated: dict[str, str] = field(default_factory=dict)
    """Tables that get the entity's moment, and the key by which: they come with its row."""


CHINOOK = {
    "folder": "mt_chinook",
    "entity": "invoice",
    "grain": ["InvoiceId"],
    "label": "Total",
    "time": "InvoiceDate",
    "parents": {
        "invoice": "InvoiceId",
        "customer": "CustomerId",
        "invoiceline": "InvoiceLineId",
        "track": "TrackId",
    },
    "links": [
        ("customer", "CustomerId", "invoice", "CustomerId"),
        ("invoice", "InvoiceId", "invoiceline", "InvoiceId"),
        ("track", "TrackId", "invoiceline", "TrackId"),
    ],
}

SETS: Mapping[str, Set] = {
    "chinook": Set(**CHINOOK),  # type: ignore[arg-type]
    "chinook, lines to come": Set(**CHINOOK, dated={"invoiceline": "InvoiceId"}),  # type: ignore[arg-type]
    "lahman": Set(
        folder="mt_lahman_salary",
        entity="salaries",
        grain=["yearID", "teamID", "playerID"],
        label="salary",
        time="yearID",
        log=True,
        split="split",
        parents={"people": "playerID"},
        links=[
            ("people", "playerID", child, "playerID")
            for child in (
                "salaries",
                "batting",
                "pitching",
                "appearances",
                "awardsplayers",
                "allstarfull",
            )
        ],
    ),
}
