"""The one grammar of ``%automl`` and of the shell's ``automl``.

The options of ``train`` are the fields of `AutoMLTrainingRequest`: a new field there is a new
option here.
"""

import argparse
import re
import shlex
import types
from collections.abc import Callable, Sequence
from enum import Enum, StrEnum
from functools import cache
from itertools import takewhile
from typing import Annotated, Any, NoReturn, Union, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from automl_magics.contracts.enums import AccessScope, JobStatus, LogLevel
from automl_magics.contracts.errors import UsageError, did_you_mean
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.magics.features_grammar import add_features
from automl_magics.magics.manual import (
    EXAMPLES,
    NOTEBOOK_VERBS,
    USAGE,
    Surface,
    verbs_of,
)
from automl_magics.magics.option_values import ListOf, OneOf, count, number, reader

NOT_OPTIONS = frozenset({"source_table", "staged_source", "dataset"})
SHORT_FORMS = {"label_column": "--label", "feature_columns": "--features"}
BEFORE_VERBS = ("--json", "--quiet")
"""Options that may stand alone, or before the verb."""
EVERYDAY = ("label_column", "feature_columns", "problem_type", "preset", "time_limit", "name")


class HelpRequested(Exception):
    """Somebody asked for help; the text is what to show."""


def parse(words: str | Sequence[str], surface: Surface) -> argparse.Namespace:
    """Read a magic's line or a command's arguments.

    Returns a namespace with ``verb`` (None when nothing was said) and that verb's options. Those of
    ``train`` that are fields of the request stand in ``fields``, if they were given.

    Raises
    ------
    UsageError
        For anything that the grammar does not know.
    HelpRequested
        For ``--help``.
    """
    words = split(words) if isinstance(words, str) else list(words)
    first = list(takewhile(lambda word: word in BEFORE_VERBS, words))
    words = [*words[len(first) :], *first]
    if len(first) == len(words):
        return argparse.Namespace(verb=None, json="--json" in words, quiet="--quiet" in words)
    verbs = verbs_of(surface)
    if not words[0].startswith("-") and words[0] not in verbs:
        raise UsageError(f"There is no verb {words[0]!r}.", hint=did_you_mean(words[0], verbs))
    root = parser(surface)
    if words[0] not in root.verbs:
        root.parse_args(words)
        raise _unknown_words(words, ["--help", *BEFORE_VERBS])
    verb = words[0]
    # Intermixed, or an optional word that follows an option is lost.
    found, unknown = root.verbs[verb].parse_known_intermixed_args(words[1:])
    if unknown:
        raise _unknown_words(unknown, options_of(verb, surface))
    found.verb = verb
    if verb == "train":
        given = vars(found)
        known = [name for name in AutoMLTrainingRequest.model_fields if name in given]
        found.fields = {name: given.pop(name) for name in known}
    return found


def split(line: str) -> list[str]:
    """Split a line into words as a POSIX shell does: quotes keep spaces together."""
    try:
        return shlex.split(line)
    except ValueError as error:
        message = f"The line cannot be read: {str(error).lower()}."
        raise UsageError(message, hint="Close the quote, or put one around the name.") from error


def training_request(fields: dict[str, Any]) -> AutoMLTrainingRequest:
    """Return the request that these fields make; `UsageError` names the option that is wrong."""
    try:
        return AutoMLTrainingRequest(**fields)
    except ValidationError as error:
        first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        raise UsageError(f"{_in_options(reason)}.", hint="Say which column to predict.")
    field = str(first["loc"][0])
    reason = reason.replace("Input should be", "must be").replace("String should", "must")
    reason = _in_options(reason).removeprefix(f"{option_of(field)} ")
    raise UsageError(f"{option_of(field)} {reason}.", field=field)


def option_of(field: str) -> str:
    """Return the option's name of a request's field."""
    return f"--{field.replace('_', '-')}"


def _in_options(reason: str) -> str:
    """Say a sentence about fields in the names of their options."""

    def option(word: re.Match[str]) -> str:
        name = word[0]
        is_field = "_" in name and name in AutoMLTrainingRequest.model_fields
        return SHORT_FORMS.get(name, option_of(name)) if is_field else name

    return re.sub(r"\w+", option, reason)


def options_of(verb: str, surface: Surface) -> list[str]:
    """Return every option that a verb has, for completion and for suggestions."""
    actions = parser(surface).verbs[verb]._actions  # noqa: SLF001 (argparse has no public list)
    return [option for action in actions for option in action.option_strings]


def choices_of(verb: str, option: str, surface: Surface) -> list[str]:
    """Return the values that an option can have, where they are a closed list."""
    for action in parser(surface).verbs[verb]._actions:  # noqa: SLF001
        if option in action.option_strings and isinstance(action.type, OneOf | ListOf):
            return list(action.type.values)
    return []


def first_words_of(verb: str, surface: Surface) -> list[str]:
    """Return what may stand right after a verb, where that is a closed list."""
    actions = parser(surface).verbs[verb]._actions  # noqa: SLF001 (argparse has no public list)
    first = next((action for action in actions if not action.option_strings), None)
    return list(first.type.values) if first is not None and isinstance(first.type, OneOf) else []


@cache
def parser(surface: Surface) -> "Parser":
    """Return the parser with every verb under it."""
    prog = "%automl" if surface == "magic" else "automl"
    root = Parser(prog=prog, surface=surface, description="AutoML for Jupyter.")
    subparsers = root.add_subparsers(
        dest="verb", metavar="VERB", parser_class=Parser, prog=prog, title="verbs"
    )
    _add_json(root)
    for verb, summary in verbs_of(surface).items():
        sub = subparsers.add_parser(
            verb, surface=surface, verb=verb, help=summary, description=summary
        )
        _ADD_OPTIONS[verb](sub)
        if verb not in NOTEBOOK_VERBS:
            _add_json(sub)
        sub.add_argument("--quiet", action="store_true", help="Show nothing but what went wrong.")
        if surface == "magic" and verb not in ("delete", "logs"):
            sub.add_argument("--into", metavar="NAME", help="Bind the answer to this variable.")
        root.verbs[verb] = sub
    return root


def _add_json(sub: "Parser") -> None:
    sub.add_argument(
        "--json", action="store_true", help="Print one JSON document and nothing else."
    )


class Parser(argparse.ArgumentParser):
    """An argument parser that raises where argparse would print and exit."""

    def __init__(self, *, surface: Surface, verb: str = "", **options: Any) -> None:
        examples = EXAMPLES[surface].get(verb, "")
        super().__init__(
            add_help=False,
            allow_abbrev=False,
            formatter_class=_HelpFormatter,
            usage=f"%(prog)s {USAGE.get(verb, 'JOB [options]')}",
            epilog=f"examples:{examples.rstrip()}" if examples else None,
            **options,
        )
        self.surface = surface
        self.verbs: dict[str, Parser] = {}
        self.add_argument(
            "-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="Show this text."
        )

    def error(self, message: str) -> NoReturn:
        """Raise what argparse has to say, as ours."""
        message = message.removeprefix("argument ")
        message = message.replace("the following arguments are required", "Missing")
        end = "" if message.endswith(("?", ".")) else "."
        raise UsageError(f"{message}{end}", hint=f"See {self.prog} --help.")


def _add_train(sub: Parser) -> None:
    sub.add_argument(
        "source", nargs="?", metavar="SOURCE", help="A table, a file, a SELECT or a variable."
    )
    everyday = sub.add_argument_group("often used")
    more = sub.add_argument_group("more")
    for name, field in AutoMLTrainingRequest.model_fields.items():
        if name not in NOT_OPTIONS:
            _add_field(everyday if name in EVERYDAY else more, name, field)
    sub.add_argument("--wait", action="store_true", help="Wait until the job has ended.")


def _add_field(group: Any, name: str, field: FieldInfo) -> None:
    flags = [option_of(name), *([SHORT_FORMS[name]] if name in SHORT_FORMS else [])]
    plain, is_list = plain_type(field.annotation)
    text = " ".join((field.description or "").split()).replace("%", "%%")
    values = [member.value for member in plain] if issubclass(plain, Enum) else []
    if values and values[0] not in text:
        text += f" One of {', '.join(values)}."
    options: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": text}
    if plain is bool:
        options["action"] = argparse.BooleanOptionalAction
    else:
        options["metavar"] = "A,B" if is_list else _metavar(plain)
        options["type"] = reader(plain, is_list=is_list)
    if is_list:
        options["action"] = "extend"
    group.add_argument(*flags, **options)


def plain_type(annotation: Any) -> tuple[type, bool]:
    """Return the type inside ``Annotated``, ``| None`` and ``list``, and whether it is a list."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return plain_type(inner[0])
    if origin in (Union, types.UnionType):
        parts = [part for part in inner if part is not type(None)]
        enums = [part for part in parts if isinstance(part, type) and issubclass(part, StrEnum)]
        return (_either(*enums), False) if len(enums) > 1 else plain_type(parts[0])
    if origin is list:
        return plain_type(inner[0])[0], True
    return annotation, False


@cache
def _either(*enums: type[StrEnum]) -> type[StrEnum]:
    """Return the values of several vocabularies as one."""
    members = {member.name: member.value for of in enums for member in of}
    return cast("type[StrEnum]", StrEnum("Either", members))


def _metavar(plain: type) -> str:
    names = {float: "NUMBER", int: "N", str: "NAME"}
    return "CHOICE" if issubclass(plain, Enum) else names.get(plain, "ID")


def _add_job(sub: Parser) -> None:
    sub.add_argument("job", metavar="JOB", help="A job's name, id, or the first 8 of its id.")


def _add_extend(sub: Parser) -> None:
    _add_job(sub)
    sub.add_argument(
        "--time-limit",
        type=number,
        default=60.0,
        metavar="SECONDS",
        help="For how much longer (60).",
    )
    sub.add_argument("--wait", action="store_true", help="Wait until the job has ended.")


def _add_jobs(sub: Parser) -> None:
    sub.add_argument(
        "--status",
        type=OneOf(status.value for status in JobStatus),
        metavar="CHOICE",
        help="Only jobs in this state: ready, queued, running, complete, failed, stopped.",
    )
    sub.add_argument("--domain", metavar="NAME", help="Only jobs of this business area.")
    sub.add_argument("--owner", metavar="NAME", help="Only this person's jobs.")
    sub.add_argument("--search", metavar="TEXT", help="Part of a name or source.")
    sub.add_argument("--limit", type=count, default=20, metavar="N", help="How many (20).")


def _add_logs(sub: Parser) -> None:
    _add_job(sub)
    sub.add_argument("--follow", "-f", action="store_true", help="Go on until the job ends.")
    sub.add_argument("--lines", "-n", type=count, metavar="N", help="Only the last N.")
    sub.add_argument(
        "--level",
        type=OneOf(level.value for level in LogLevel),
        default=LogLevel.INFO,
        metavar="CHOICE",
        help="The least severity (info): debug, info, warning or error.",
    )


def _add_delete(sub: Parser) -> None:
    _add_job(sub)
    sub.add_argument("--yes", "-y", action="store_true", help="Do not ask.")


def _add_predict(sub: Parser) -> None:
    _add_job(sub)
    sub.add_argument(
        "source", nargs="?", metavar="SOURCE", help="A table, a file, a SELECT or a variable."
    )
    sub.add_argument(
        "--output", "-o", metavar="FILE", help="Write the predictions there (.csv or .parquet)."
    )


def _add_document(sub: Parser) -> None:
    _add_job(sub)
    sub.add_argument("--to", metavar="FILE", help="Where to; a file named after the job.")


def _add_form(sub: Parser) -> None:
    sub.add_argument("source", nargs="?", metavar="SOURCE", help="What to train on.")
    sub.add_argument("--label", metavar="NAME", help="The column to predict.")


def _add_model(sub: Parser) -> None:
    sub.add_argument("name", metavar="NAME", help="A deployed model's name, as models lists it.")


def _add_nothing(_: Parser) -> None:
    """Leave a verb without options of its own."""


def _add_keys(sub: Parser) -> None:
    sub.add_argument(
        "action",
        type=OneOf(("create", "list", "revoke")),
        metavar="ACTION",
        help="create, list or revoke.",
    )
    sub.add_argument("key", nargs="?", metavar="KEY", help="The name or prefix of one to revoke.")
    sub.add_argument("--name", metavar="NAME", help="What to call a new one.")
    sub.add_argument(
        "--scope",
        type=ListOf(OneOf(scope.value for scope in AccessScope)),
        action="extend",
        metavar="A,B",
        help=f"What it allows: {', '.join(AccessScope)}.",
    )
    sub.add_argument(
        "--expires-in-days", type=count, metavar="N", help="When it ends; never when left out."
    )


def _add_sources(sub: Parser) -> None:
    sub.add_argument(
        "action",
        nargs="?",
        default="list",
        type=OneOf(("add", "list", "remove")),
        metavar="ACTION",
        help="add, list or remove.",
    )
    sub.add_argument("name", nargs="?", metavar="NAME", help="What tables are named by.")
    sub.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="A DuckDB or SQLite file, a folder, or a URL. Passwords as ${env:NAME} or"
        " ${file:/path}.",
    )


_ADD_OPTIONS: dict[str, Callable[[Parser], None]] = {
    "train": _add_train,
    "jobs": _add_jobs,
    "show": _add_job,
    "watch": _add_job,
    "logs": _add_logs,
    "leaderboard": _add_job,
    "dag": _add_job,
    "notebook": _add_document,
    "report": _add_document,
    "trigger": _add_job,
    "stop": _add_job,
    "extend": _add_extend,
    "delete": _add_delete,
    "predict": _add_predict,
    "deploy": _add_job,
    "models": _add_nothing,
    "undeploy": _add_model,
    "form": _add_form,
    "monitor": _add_job,
    "board": _add_nothing,
    "keys": _add_keys,
    "doctor": _add_nothing,
    "sources": _add_sources,
    "features": add_features,
}


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        raise HelpRequested(parser.format_help())


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """The same width everywhere, since a notebook has no terminal to ask."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=96)
        self._action_max_length = 15  # argparse forgets how far verbs are indented


def _unknown_words(words: list[str], known: list[str]) -> UsageError:
    option = next((word for word in words if word.startswith("-")), None)
    if option is None:
        message = f"{words[0]!r} is one word too many."
        return UsageError(message, hint="Put quotes around a name that holds spaces.")
    name = option.partition("=")[0]
    return UsageError(f"There is no option {name}.", hint=did_you_mean(name, known))
