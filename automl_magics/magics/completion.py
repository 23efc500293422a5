"""Tab completion of ``%automl`` and ``%%automl``: verbs, options, values, jobs, data and columns."""
# mypy: disallow-untyped-decorators=False

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

if TYPE_CHECKING:
    from automl_magics.magics.magic import AutoMLMagics

Matcher = Callable[[CompletionContext], SimpleMatcherResult]


def matcher_of(magics: "AutoMLMagics") -> Matcher:
    """Return IPython's matcher for our lines; it says nothing to any other line."""

    @context_matcher()  # type: ignore[arg-type]
    def automl_matcher(context: CompletionContext) -> SimpleMatcherResult:
        found: Iterable[str] = ()
        line = context.text_until_cursor.lstrip()
        is_ours = line.startswith(("%automl ", "%%automl "))
        if is_ours:
            typed = line.split() if line.endswith((" ", "\t")) else line.split()[:-1]
            body = context.full_text.partition("\n")[2] if line.startswith("%%") else ""
            found = candidates(typed[1:], context.token, magics, body)
        return {
            "completions": [
                SimpleCompletion(text=text) for text in found if text.startswith(context.token)
            ],
            "matched_fragment": context.token,
            "suppress": is_ours,
        }

    matcher: Matcher = automl_matcher
    return matcher


def candidates(words: list[str], token: str, magics: "AutoMLMagics", body: str = "") -> list[str]:
    """Return what may follow the words after ``%automl``.

    Parameters
    ----------
    token
        What is typed of the next word.
    body
        The cell's body, which may name the source.
    """
    from automl_magics.magics.grammar import choices_of, options_of
    from automl_magics.magics.manual import verbs_of

    verbs = verbs_of("magic")
    if not words:
        return [*verbs, "--help"]
    verb, last = words[0], words[-1]
    if verb not in verbs:
        return []
    if values := choices_of(verb, last, "magic"):
        return values
    if token.startswith("-"):
        return options_of(verb, "magic")
    from automl_magics.magics import completion_values as known

    if last.startswith("--") and verb in known.SOURCE_VERBS and known.names_column(last):
        return known.columns(known.source_in(words, body), magics)
    if last.startswith("--"):
        return [] if known.takes_value(verb, last) else options_of(verb, "magic")
    values = []
    if verb in known.JOB_VERBS and len(words) == 1:
        values = known.jobs(magics)
    elif verb in known.SOURCE_VERBS:
        values = known.sources(token, magics)
    return [*values, *options_of(verb, "magic")]
