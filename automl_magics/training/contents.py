"""What columns hold beside numbers and categories, and which predictor type that makes.

Cheap to import: this runs in the server when a job is created, and again in the engine. Both look
at the same thing, a column's first filled values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import PredictorType, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.networks import NetworkKind
from automl_magics.contracts.pictures import names_pictures
from automl_magics.training.problems import SUPERVISED
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_ROWS = 500
"""What a column holds is told by so many first rows."""
SAMPLE_CHARACTERS = 2_000
"""Of each value."""

Content = Literal["text", "image", "other"]

_FEWEST_TEXTS = 10
_DIFFERENT = 0.5
_WORDS = 3.0
_CHARACTERS = 15.0
"""Of a text whose language puts no spaces between words."""
_MOSTLY = 0.9
_ID_NAME = re.compile(r"(?i:(^|[_\W])(id|index|key|row|rownames|unnamed: \d+)$)|[a-z](ID|Id)$")
_NUMBER_OR_DATE = re.compile(r"[\s\d.,:+\-/TZeE%$€£]*")


@dataclass(frozen=True)
class Contents:
    """What each column of a table holds."""

    types: Mapping[str, ColumnType]
    of: Mapping[str, Content]
    """Of the columns that hold text or bytes; the others are not in here."""

    def named(self, columns: Iterable[str], content: Content) -> list[str]:
        """Return those of some columns that hold this."""
        return [name for name in columns if self.of.get(name) == content]


def content_of(values: Sequence[str | bytes]) -> Content:
    """Tell what a column holds by its first filled values.

    One that names pictures holds images if there are such files, which is not looked at here.
    """
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if names_pictures(texts):
        return "image"
    if len(texts) < _FEWEST_TEXTS or len(set(texts)) <= _DIFFERENT * len(texts):
        return "other"
    if sum(bool(_NUMBER_OR_DATE.fullmatch(value)) for value in texts) > _MOSTLY * len(texts):
        return "other"
    words = sum(len(value.split()) for value in texts) / len(texts)
    if words >= _WORDS or runs_on(texts):
        return "text"
    return "other"


def looks_like_an_identifier(name: str) -> bool:
    """Tell by a column's name whether it is called an identifier."""
    return _ID_NAME.search(name.strip()) is not None


def runs_on(texts: Sequence[str]) -> bool:
    """Tell texts of a language without spaces: long, and of letters beyond the alphabets' own."""
    length = sum(map(len, texts)) / max(1, len(texts))
    beyond = sum(sum(character >= "\u0e00" for character in value) for value in texts)
    return length >= _CHARACTERS and beyond > 0.5 * sum(map(len, texts))


def predictor_type_of(
    task: Task, problem_type: ProblemType, contents: Contents
) -> tuple[PredictorType, str]:
    """Return the predictor type of a task, and why it is that where the task names none.

    Raises
    ------
    InvalidInput
        With the request's field, when the columns lack what the named type learns from.
    """
    if task.predictor_type is None:
        return _detected(task, problem_type, contents)
    if task.predictor_type is not PredictorType.TABULAR and problem_type not in SUPERVISED:
        raise InvalidInput(
            f"{problem_type.value.replace('_', ' ').capitalize()} learns from tabular data only.",
            hint="Leave predictor_type out.",
            field="predictor_type",
        )
    _CHECKS[task.predictor_type](task, contents)
    return task.predictor_type, ""


def text_columns(task: Task, contents: Contents) -> list[str]:
    """Return the columns to be read as text.

    Where the predictor type is text, a column that the task names is one whatever it holds.
    """
    columns = task.features(contents.types)
    if task.predictor_type is PredictorType.TEXT and task.feature_columns:
        return [name for name in columns if contents.types[name] == "text"]
    return contents.named(columns, "text")


def contents_of(table: "pa.Table") -> Contents:
    """Return what a table's columns hold, by its first rows.

    Images are bytes here: what only names them cannot be read any more.
    """
    from automl_magics.training.frames import column_type, columns_of
    from automl_magics.training.images.values import holds_pictures

    found = columns_of(table.slice(0, SAMPLE_ROWS))
    types = {name: column_type(values.type) for name, values in found.items()}
    of: dict[str, Content] = {
        name: content_of([value[:SAMPLE_CHARACTERS] for value in values.drop_null().to_pylist()])
        for name, values in found.items()
        if types[name] == "text"
    }
    of = {name: "other" if content == "image" else content for name, content in of.items()}
    images = [
        name for name, values in found.items() if types[name] == "other" and holds_pictures(values)
    ]
    return Contents(types, {**of, **dict.fromkeys(images, "image")})


def image_columns(task: Task, contents: Contents) -> list[str]:
    """Return the columns to be read as pictures; the task's predictor type is settled."""
    if task.predictor_type not in (PredictorType.IMAGE, PredictorType.MULTIMODAL):
        return []
    return contents.named(task.features(contents.types), "image")


def network_kinds(task: Task, contents: Contents) -> set[NetworkKind]:
    """Return which pretrained networks have something to look at; the predictor type is settled."""
    found: set[NetworkKind] = set()
    reads = task.predictor_type in (PredictorType.TEXT, PredictorType.MULTIMODAL)
    if reads and text_columns(task, contents):
        found.add("text")
    if image_columns(task, contents):
        found.add("image")
    return found


def left_out(task: Task, contents: Contents) -> dict[str, str]:
    """Return the columns that the predictor type leaves out, with the reason."""
    columns = task.features(contents.types)
    images = contents.named(columns, "image")
    if task.predictor_type is PredictorType.TABULAR:
        return dict.fromkeys(images, "holds images, and the predictor type is tabular")
    if task.predictor_type not in (PredictorType.TEXT, PredictorType.IMAGE):
        return {}
    is_text = task.predictor_type is PredictorType.TEXT
    kept = text_columns(task, contents) if is_text else images
    reason = f"is no {task.predictor_type}, and the predictor type is {task.predictor_type}"
    return {name: reason for name in columns if name not in kept}


def _detected(
    task: Task, problem_type: ProblemType, contents: Contents
) -> tuple[PredictorType, str]:
    columns = task.features(contents.types)
    texts, images = contents.named(columns, "text"), contents.named(columns, "image")
    if problem_type not in SUPERVISED or not (texts or images):
        return PredictorType.TABULAR, ""
    named = _quoted(images or texts)
    holds = "holds" if len(images or texts) == 1 else "hold"
    others = [
        name
        for name in columns
        if name not in (images or texts) and not looks_like_an_identifier(name)
    ]
    if images:
        count = "another column" if len(others) == 1 else f"{len(others)} other columns"
        reason = f"since {named} {holds} images{f' beside {count}' if others else ''}."
        if others:
            return PredictorType.MULTIMODAL, f"Multimodal, {reason}"
        return PredictorType.IMAGE, f"Image, {reason}"
    if others:
        reason = f"Multimodal, since {named} {holds} text beside {len(others)} other columns."
        return PredictorType.MULTIMODAL, reason.replace(" 1 other columns", " another column")
    return PredictorType.TEXT, f"Text, since {named} {holds} texts."


def _check_tabular(task: Task, contents: Contents) -> None:
    """Any column will do."""


def _check_text(task: Task, contents: Contents) -> None:
    if task.feature_columns:
        other = [n for n in task.feature_columns if contents.types.get(n, "text") != "text"]
        if other:
            raise InvalidInput(
                f"'{other[0]}' holds {_words(contents.types[other[0]])}, no text.",
                hint="Leave it out, or ask for the predictor type multimodal.",
                field="feature_columns",
            )
    if not text_columns(task, contents):
        raise InvalidInput(
            "The predictor type text needs a column that holds text, and there is none.",
            hint="Leave predictor_type out, or name tabular.",
            field="predictor_type",
        )


def _check_multimodal(task: Task, contents: Contents) -> None:
    columns = task.features(contents.types)
    kinds = {contents.of.get(name, "other") for name in columns}
    if len(kinds) < 2:
        raise InvalidInput(
            "The predictor type multimodal needs columns of two kinds (text, images, others), and"
            f" all columns here hold {_KINDS[next(iter(kinds), 'other')]}.",
            hint="Leave predictor_type out.",
            field="predictor_type",
        )


def _check_image(task: Task, contents: Contents) -> None:
    if not contents.named(task.features(contents.types), "image"):
        raise InvalidInput(
            "The predictor type image needs a column that holds images, and there is none.",
            hint="Leave predictor_type out, or name tabular.",
            field="predictor_type",
        )


_KINDS: Mapping[Content, str] = {
    "text": "text", "image": "images", "other": "numbers or categories",
}  # fmt: skip
_CHECKS = {
    PredictorType.TABULAR: _check_tabular,
    PredictorType.TEXT: _check_text,
    PredictorType.IMAGE: _check_image,
    PredictorType.MULTIMODAL: _check_multimodal,
}


def _words(kind: ColumnType) -> str:
    return {"datetime": "dates", "boolean": "booleans", "other": "nested values or bytes"}.get(
        kind, "numbers"
    )


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown + (", …" if len(names) > 3 else "")
