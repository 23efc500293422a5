"""Which SQL a person or a model may write: expressions over named columns, and nothing else.

An expression is parsed by sqlglot, every node of it must be on the lists below, every column must
be one of the given tables', and what DuckDB gets is written anew from the checked tree. What is on
no list is refused: subqueries, table functions, files, settings, windows, lambdas, variables, and
functions that read the clock, the machine or chance.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput, did_you_mean

if TYPE_CHECKING:
    from sqlglot import exp

CUTOFF = "cutoff"
"""The label's moment, in expressions."""

MAX_NODES = 400
MAX_LENGTH = 4000
MAX_NESTING = 60


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


OPERATORS = _names(
    "Add Sub Mul Div IntDiv Mod Neg Paren And Or Not EQ NEQ GT GTE LT LTE Between In Is Null"
    " NullSafeEQ NullSafeNEQ Like ILike Case If Cast TryCast DataType DataTypeParam Literal"
    " Boolean Column Identifier Interval Var Distinct Filter Where Star DPipe"
)
FUNCTIONS = _names(
    "Abs Ceil Coalesce DateDiff DateTrunc TimestampTrunc DayOfMonth DayOfWeek DayOfWeekIso"
    " DayOfYear Day Exp Extract Floor Greatest Hour IsInf IsNan Least Length Ln Log Lower Minute"
    " Month Nullif Pow Quarter Round Second Sign Sqrt Trim Upper Week WeekOfYear Year TimeToUnix"
    " TsOrDsToDate StartsWith EndsWith Contains Left Right Substring"
)
AGGREGATES = _names(
    "AnyValue ApproxDistinct ArgMax ArgMin Avg Corr Count CountIf CovarPop CovarSamp First Last"
    " Kurtosis LogicalAnd LogicalOr Max Median Min Mode PercentileCont PercentileDisc Quantile"
    " RegrSlope RegrIntercept RegrR2 Skewness Stddev StddevPop StddevSamp Sum Variance"
    " VariancePop"
)
PLAIN_FUNCTIONS = frozenset(
    ("isodow", "dayname", "monthname", "date_part", "datepart", "century", "decade")
)
"""Functions that sqlglot has no class for."""

PLAIN_AGGREGATES = frozenset(
    ("entropy", "mad", "sem", "product", "fsum", "favg", "arg_max_null", "regr_count")
)
UNITS = _names(
    "SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECONDS MINUTES HOURS DAYS WEEKS MONTHS"
    " QUARTERS YEARS DOW ISODOW DOY EPOCH DAYOFWEEK DAYOFYEAR"
)
TYPES = _names(
    "TINYINT SMALLINT INT BIGINT HUGEINT INT128 UTINYINT USMALLINT UINT UBIGINT FLOAT DOUBLE"
    " DECIMAL BOOLEAN VARCHAR TEXT CHAR DATE TIMESTAMP TIMESTAMPNTZ TIMESTAMP_S TIMESTAMP_MS"
    " TIMESTAMP_NS DATETIME TIME INTERVAL"
)


@dataclass(frozen=True)
class Checked:
    """An expression that was let through."""

    tree: "exp.Expression"
    """With every column quoted and qualified by its role."""
    roles: frozenset[str]
    """The roles that it reads."""
    columns: frozenset[tuple[str, str]]
    """(role, column) pairs that it reads."""
    is_aggregate: bool
    uses_cutoff: bool
    bare: frozenset[str]
    """Roles of columns that stand outside every aggregate."""
    counts: bool
    """True when no row means 0: a bare count."""


def check_expression(
    text: str, columns: Mapping[str, Mapping[str, str]], home: str, *, field: str | None = None
) -> Checked:
    """Return an expression with its columns resolved.

    Parameters
    ----------
    columns
        DuckDB's type by column, by role.
    home
        The role that columns without a table belong to.

    Raises
    ------
    InvalidInput
        For anything but an expression over these columns.
    """
    try:
        return _checked(_parsed(text), columns, home)
    except InvalidInput as error:
        raise InvalidInput(
            f"{_shortened(text)!r}: {error.message}", hint=error.hint, field=field
        ) from None
    except RecursionError:
        raise InvalidInput("The expression is nested too deeply.", field=field) from None


def _parsed(text: str) -> "exp.Expression":
    import sqlglot
    from sqlglot import exp

    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"An expression has at most {MAX_LENGTH} characters.")
    if max(text.count("("), text.count("["), text.lower().count("case")) > MAX_NESTING:
        raise InvalidInput("The expression is nested too deeply.")
    if any(mark in text for mark in (";", "--", "/*", "\0")):
        raise InvalidInput("An expression holds no ; and no comment.")
    try:
        found = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise InvalidInput("This is not an SQL expression.") from None
    if len(found) != 1 or found[0] is None:
        raise InvalidInput("This is not one SQL expression.")
    tree = found[0]
    if isinstance(tree, exp.Alias):
        raise InvalidInput("An expression has no AS: its name stands in the recipe.")
    return tree


def _checked(
    tree: "exp.Expression", columns: Mapping[str, Mapping[str, str]], home: str
) -> Checked:
    from sqlglot import exp

    nodes = list(tree.walk())
    if len(nodes) > MAX_NODES:
        raise InvalidInput(f"An expression has at most {MAX_NODES} parts.")
    for node in nodes:
        _check_node(node)
    aggregates = [node for node in nodes if _is_aggregate(node)]
    for node in aggregates:
        if any(_is_aggregate(above) for above in _above(node)):
            raise InvalidInput("An aggregate stands within another one.")
    used: set[tuple[str, str]] = set()
    bare: set[str] = set()
    uses_cutoff = False
    for column in [node for node in nodes if isinstance(node, exp.Column)]:
        if not column.table and column.name.lower() == CUTOFF:
            uses_cutoff = True
            moment = exp.column(exp.to_identifier(CUTOFF, quoted=True))
            tree = _replaced(tree, column, moment)
            continue
        role, name = _resolve(column, columns, home)
        used.add((role, name))
        inside = any(
            _is_aggregate(above) or isinstance(above, exp.Filter) for above in _above(column)
        )
        if not inside:
            bare.add(role)
        resolved = exp.column(
            exp.to_identifier(name, quoted=True), table=exp.to_identifier(role, quoted=True)
        )
        tree = _replaced(tree, column, resolved)
    root = tree.this if isinstance(tree, exp.Filter) else tree
    return Checked(
        tree=tree,
        roles=frozenset(role for role, _ in used),
        columns=frozenset(used),
        is_aggregate=bool(aggregates),
        uses_cutoff=uses_cutoff,
        bare=frozenset(bare),
        counts=isinstance(root, exp.Count | exp.CountIf | exp.ApproxDistinct),
    )


def _check_node(node: "exp.Expression") -> None:
    """Refuse a node that is on no list, or stands where it does not belong."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        name = str(node.name).lower()
        if name not in PLAIN_FUNCTIONS | PLAIN_AGGREGATES or not isinstance(node.this, str):
            raise InvalidInput(f"The function {name} is not allowed.")
    elif type(node).__name__ not in OPERATORS | FUNCTIONS | AGGREGATES:
        raise _refusal(node)
    elif isinstance(node, exp.In):
        if any(node.args.get(part) for part in ("query", "unnest", "field")):
            raise InvalidInput("IN takes a list of values.")
    elif isinstance(node, exp.Column | exp.Identifier | exp.Star):
        _check_name(node)
    elif isinstance(node, exp.Var | exp.DataType):
        _check_word(node)


def _check_name(node: "exp.Expression") -> None:
    from sqlglot import exp

    if isinstance(node, exp.Star) and not (
        isinstance(node.parent, exp.Count) and not any(node.args.values())
    ):
        raise InvalidInput("A * stands only in count(*).")
    if isinstance(node, exp.Identifier) and not isinstance(node.parent, exp.Column):
        raise InvalidInput(f"{node.name!r} is not a column.")
    if isinstance(node, exp.Column):
        if node.args.get("db") or node.args.get("catalog"):
            raise InvalidInput("A column is written as column or table.column.")
        if not isinstance(node.this, exp.Identifier):
            raise InvalidInput("A * stands only in count(*).")


def _check_word(node: "exp.Expression") -> None:
    from sqlglot import exp

    if isinstance(node, exp.Var) and node.name.upper() not in UNITS:
        raise InvalidInput(f"{node.name!r} is no unit of time.")
    if isinstance(node, exp.DataType) and (
        not isinstance(node.this, exp.DataType.Type) or node.this.name not in TYPES
    ):
        raise InvalidInput("A cast goes to a number, text, boolean, date or timestamp.")


def _refusal(node: "exp.Expression") -> InvalidInput:
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Subquery):
        return InvalidInput("A subquery is not allowed.", hint="Name a source table's columns.")
    if isinstance(node, exp.Window):
        return InvalidInput("A window function is not allowed.", hint="Aggregate with FILTER.")
    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.CurrentTime):
        return InvalidInput("The clock is not allowed.", hint="The label's moment is cutoff.")
    name = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__
    what = "The function" if isinstance(node, exp.Func) else "The construct"
    return InvalidInput(f"{what} {str(name).lower()} is not allowed.")


def _resolve(
    column: "exp.Column", columns: Mapping[str, Mapping[str, str]], home: str
) -> tuple[str, str]:
    roles = {role.lower(): role for role in columns}
    role = roles.get(column.table.lower()) if column.table else home
    if role is None:
        raise InvalidInput(
            f"There is no table {column.table!r} here.", hint=did_you_mean(column.table, columns)
        )
    names = {name.lower(): name for name in columns[role]}
    name = names.get(column.name.lower())
    if name is None:
        raise InvalidInput(
            f"There is no column {column.name!r} in {role}.",
            hint=did_you_mean(column.name, columns[role]),
        )
    return role, name


def _replaced(
    tree: "exp.Expression", old: "exp.Expression", new: "exp.Expression"
) -> "exp.Expression":
    """Return the tree with a node replaced, which may be its root."""
    if old is tree:
        return new
    old.replace(new)
    return tree


def _is_aggregate(node: Any) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return str(node.name).lower() in PLAIN_AGGREGATES
    return type(node).__name__ in AGGREGATES


def _above(node: "exp.Expression") -> "Iterator[exp.Expression]":
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:79]}…"
