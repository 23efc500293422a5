"""Tab completion of ``%automl``: verbs, options and the values of those that are a closed list."""

from typing import Any


def complete(_shell: Any, event: Any) -> list[str]:
    """Return what may stand at the cursor; IPython's ``complete_command`` hook.

    Parameters
    ----------
    event
        Has ``text_until_cursor``, the line as far as it is typed.
    """
    typed = event.text_until_cursor.split()
    if not event.text_until_cursor.endswith(tuple(" \t")):
        typed = typed[:-1]
    return candidates(typed[1:])


def candidates(words: list[str]) -> list[str]:
    """Return what may follow the words after ``%automl``."""
    from automl_magics.magics.grammar import choices_of, options_of
    from automl_magics.magics.manual import verbs_of

    if not words:
        return [*verbs_of("magic"), "--help"]
    verb, last = words[0], words[-1]
    if verb not in verbs_of("magic"):
        return []
    return choices_of(verb, last, "magic") or options_of(verb, "magic")
