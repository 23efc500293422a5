"""The words of ``features``: propose, list, show, review, edit, approve, retry, and so on."""

import argparse
from typing import Any

from automl_magics.contracts.enums import Preset
from automl_magics.contracts.features import CrewName, LabelType
from automl_magics.magics.option_values import ListOf, OneOf, count, number

ACTIONS = (
    "propose",
    "list",
    "show",
    "review",
    "edit",
    "approve",
    "retry",
    "logs",
    "apply",
    "delete",
)

NOTEBOOK_ACTIONS = ("review",)
"""What only a notebook can show."""


def add_features(sub: Any) -> None:
    """Add the options of ``features`` to its parser."""
    actions = [one for one in ACTIONS if sub.surface == "magic" or one not in NOTEBOOK_ACTIONS]
    sub.add_argument(
        "action",
        nargs="?",
        default="list",
        type=OneOf(actions),
        metavar="ACTION",
        help=f"{', '.join(actions[:-1])} or {actions[-1]}.",
    )
    sub.add_argument(
        "name", nargs="?", metavar="TABLE", help="The training table's name, or a job's id."
    )
    _add_propose(sub.add_argument_group("propose"))
    _add_edit(sub.add_argument_group("edit and approve"))
    _add_apply(sub.add_argument_group("apply"))
    sub.add_argument("--wait", action="store_true", help="Wait until nobody is at work on it.")
    sub.add_argument("--yes", "-y", action="store_true", help="Do not ask before deleting.")


def _add_propose(group: Any) -> None:
    names = ListOf(str)
    group.add_argument(
        "--tables", type=names, action="extend", metavar="A,B", help="Source tables."
    )
    group.add_argument(
        "--grain", type=names, action="extend", metavar="A,B", help="What tells rows apart."
    )
    group.add_argument("--label", metavar="COLUMN", help="The column to predict.")
    group.add_argument("--label-sql", metavar="SQL", help="The label as an expression.")
    group.add_argument(
        "--label-type",
        type=OneOf(kind.value for kind in LabelType),
        metavar="CHOICE",
        help="binary (default), multiclass, regression or none.",
    )
    group.add_argument("--label-name", metavar="NAME", help="The label's name in the table.")
    group.add_argument("--positive", metavar="VALUE", help="The value that counts as 1.")
    group.add_argument("--time-column", metavar="COLUMN", help="The label's moment, row by row.")
    group.add_argument("--cutoff", metavar="TIME", help="One moment for all rows; also of apply.")
    group.add_argument(
        "--join", action="append", metavar="A.X=B.Y", help="A join that names do not tell."
    )
    group.add_argument("--description", metavar="TEXT", help="What is to be predicted.")
    group.add_argument("--domain", metavar="NAME", help="The business area.")
    group.add_argument("--max-features", type=count, metavar="N", help="At most so many (200).")
    group.add_argument(
        "--crew",
        type=OneOf(name.value for name in CrewName),
        metavar="CHOICE",
        help="builtin or llm.",
    )


def _add_edit(group: Any) -> None:
    group.add_argument(
        "--remove", type=ListOf(str), action="extend", metavar="A,B", help="Leave features out."
    )
    group.add_argument(
        "--rename", type=_pair, action="append", metavar="OLD=NEW", help="Call a feature otherwise."
    )
    group.add_argument("--notes", metavar="TEXT", help="Notes kept with the recipe.")
    group.add_argument("--train", action="store_true", help="Train on the table once it is there.")
    group.add_argument(
        "--preset",
        type=OneOf(preset.value for preset in Preset),
        metavar="CHOICE",
        help="How much work that training does.",
    )
    group.add_argument("--time-limit", type=number, metavar="NUMBER", help="Its budget in seconds.")


def _add_apply(group: Any) -> None:
    group.add_argument(
        "--source",
        type=_pair,
        action="append",
        metavar="TABLE=SOURCE",
        help="Where to take a source table from now.",
    )
    group.add_argument("--output", "-o", metavar="FILE", help="Write there (.csv or .parquet).")


def _pair(text: str) -> tuple[str, str]:
    """Read ``a=b``."""
    name, mark, value = text.partition("=")
    if not mark or not name.strip() or not value.strip():
        message = f"{text!r} is not of the form A=B"
        raise argparse.ArgumentTypeError(message)
    return name.strip(), value.strip()
