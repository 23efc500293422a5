"""Tab completion of ``%automl`` and ``%%automl``: verbs, options, values, jobs, data, columns."""
# mypy: disallow-untyped-decorators=False

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

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

    @context_matcher()
    def automl_matcher(context: CompletionContext) -> SimpleMatcherResult:
        found: Iterable[str] = ()
        typed: list[str] = []
        line = context.text_until_cursor.lstrip()
        is_ours = line.startswith(("%automl ", "%%automl "))
        if is_ours:
            typed = line.split() if line.endswith((" ", "\t")) else _before(line)
            body = context.full_text.partition("\n")[2] if line.startswith("%%") else ""
            found = candidates(typed[1:], context.token, magics, body)
        return {
            "completions": [
                SimpleCompletion(text=text, type=kind_of(text, is_first=len(typed) == 1))
                for text in found
                if text.startswith(context.token)
            ],
            "matched_fragment": context.token,
            "suppress": is_ours,
        }

    matcher: Matcher = automl_matcher
    return matcher


def kind_of(text: str, *, is_first: bool) -> str:
    """Return what JupyterLab shows beside a word, in its own terms."""
    if text.startswith("-"):
        return "param"
    return "function" if is_first else "text"


def _before(line: str) -> list[str]:
    """Return the words before the one that is being typed; ``--option=`` is one of them."""
    *words, last = line.split()
    option, equals, _ = last.partition("=")
    return [*words, option] if equals and option.startswith("--") else words


def candidates(words: list[str], token: str, magics: "AutoMLMagics", body: str = "") -> list[str]:
    """Return what may follow the words after ``%automl``.

    Parameters
    ----------
    token
        What is typed of the next word.
    body
        The cell's body, which may name the source.
    """
    from automl_magics.magics.grammar import first_words_of, options_of
    from automl_magics.magics.manual import verbs_of

    verbs = verbs_of("magic")
    if not words:
        return [*verbs, "--help", "--json"]
    verb = words[0]
    if verb not in verbs:
        return []
    if words[-1].startswith("-"):
        return _after_option(words, magics, body)
    if token.startswith("-"):
        return options_of(verb, "magic")
    from automl_magics.magics import completion_values as known

    values = first_words_of(verb, "magic") if len(words) == 1 else []
    if len(words) == 2 or (verb == "undeploy" and len(words) == 1):
        values = known.named(words, magics)
    if verb in known.JOB_VERBS and len(words) == 1:
        values = known.jobs(magics)
    elif verb in known.SOURCE_VERBS:
        values = known.sources(token, magics)
    return [*values, *options_of(verb, "magic")]


def _after_option(words: list[str], magics: "AutoMLMagics", body: str) -> list[str]:
    """Return what may follow when the last word is an option."""
    from automl_magics.magics import completion_values as known
    from automl_magics.magics.grammar import choices_of, options_of

    verb, option = words[0], words[-1]
    if option == "--hardware":
        return known.hardware(magics)
    if verb in known.SOURCE_VERBS and known.names_column(option):
        return known.columns(known.source_in(words, body), magics)
    if known.takes_value(verb, option):
        return choices_of(verb, option, "magic")
    return options_of(verb, "magic")
