"""Texts of a whole table become documents, once for a job and within its time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from automl_magics.training.budget import ENDLESS, Budget
from automl_magics.training.embedding import Embedding, planned_tokens
from automl_magics.training.frames import columns_of
from automl_magics.training.kept import noted
from automl_magics.training.networks.sentences import OutOfTime, Sentences
from automl_magics.training.text_column import Document, plain_texts
from automl_magics.training.text_plan import TextPlan

EMBEDDING_SHARE = 0.3
"""Of the budget, at most, for embedding texts."""


@dataclass(frozen=True)
class TextReader:
    """Reads a table's texts.

    Parameters
    ----------
    seconds
        The budget that is planned for, shares of which reading and embedding may take.
    network
        What texts are embedded by, if anything.
    keep
        Where is noted what was decided by the clock, so that a search that is extended has the
        same features.
    """

    seconds: float = float("inf")
    seed: int = 0
    threads: int = 1
    network: Sentences | None = None
    keep: Path | None = None
    budget: Budget = ENDLESS

    def read(
        self, table: pa.Table, columns: Sequence[str]
    ) -> tuple[dict[str, Document], list[str]]:
        """Return the encoders of columns of texts that have anything in common, and warnings."""
        found = columns_of(table)
        documents: dict[str, Document] = {}
        warnings: list[str] = []
        share = self.seconds / max(1, len(columns))
        for place, name in enumerate(columns):
            texts = plain_texts(found[name], name)
            plan = self._plan(texts, place, share)
            document = Document.fit(found[name], name, plan, self.seed)
            if document is None:
                continue
            embedding = self._embedding(texts, place, EMBEDDING_SHARE * share)
            if self.network is not None and embedding is None:
                warnings.append(
                    f"The time limit is too short to embed the texts of '{name}': they are learned"
                    " from by their words alone. Give more time."
                )
            documents[name] = replace(document, embedding=embedding)
        return documents, warnings

    def _plan(self, texts: Sequence[str], place: int, seconds: float) -> TextPlan:
        def find() -> dict[str, Any]:
            return asdict(TextPlan.within(seconds, texts, self.seed))

        return TextPlan(**noted(self.keep, f"text-plan-{place}", find))

    def _embedding(self, texts: Sequence[str], place: int, allowed: float) -> Embedding | None:
        """Return the embedding of a column; None where there is no time for it."""
        network = self.network
        if network is None:
            return None
        tokens = noted(
            self.keep,
            f"text-tokens-{place}",
            lambda: planned_tokens(network, texts, allowed, threads=self.threads, seed=self.seed),
        )
        if tokens is None:
            return None
        slot = self.budget.slot(2 * allowed)
        try:
            return Embedding.fit(network, texts, tokens, slot, threads=self.threads, seed=self.seed)
        except OutOfTime:
            return None
