"""What DuckDB says of data that cannot be read, in one line of ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.files import wrong_encoding


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn DuckDB's errors into one line each."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.PermissionException:
        raise InvalidInput(
            "The query reaches for files in a way that this server does not allow.",
            hint="Name a file inside the server's folder: FROM 'data.csv'.",
            field="source_table",
        ) from None
    except duckdb.ParserException as error:
        raise InvalidInput(
            f"The SQL does not parse: {_first_line(error)}.", field="source_table"
        ) from None
    except duckdb.Error as error:
        if "not utf-8 encoded" in str(error) or "is not latin-1 encoded" in str(error):
            raise wrong_encoding("The CSV file") from None
        raise InvalidInput(
            f"The data cannot be read: {_first_line(error)}.",
            hint=_suggestion(error),
            field="source_table",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The data cannot be read: {type(error).__name__}.", field="source_table"
        ) from None


def _suggestion(error: Exception) -> str:
    """Return the columns or the table that DuckDB thinks may be meant."""
    found = re.search(r"Candidate bindings: (.+)|Did you mean (.+?)\?", str(error))
    names = re.findall(r'"([^"]+)"', found[0]) if found else []
    return f"Did you mean {' or '.join(repr(name) for name in names[:3])}?" if names else ""


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = re.sub(r"^(\w+ ){1,3}Error: ", "", lines[0]) if lines else type(error).__name__
    return said.rstrip(".!")
