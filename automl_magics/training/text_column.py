"""How a column of texts becomes features: n-grams of words and of characters, and a compact form.

Each text is two TF-IDF vectors of length 1, by scikit-learn: words and pairs of words, and three to
five characters within words (one to three where a language puts no spaces between words). Families
that learn from sparse rows get them whole. To the others a text is its size and make-up, its place
among the main directions of the word vectors (truncated SVD) and how much it has of each of the
most frequent words; and, where there is a pretrained network, what that makes of it. Nothing of
this looks at the label.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.training.contents import runs_on
from automl_magics.training.embedding import Embedding
from automl_magics.training.frames import Floats, texts
from automl_magics.training.networks.directions import Directions
from automl_magics.training.networks.sentences import Sentences

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    from automl_magics.training.text_plan import TextPlan

Singles = NDArray[np.float32]

SIZES = ("length", "words", "digits", "capitals")
_TOKEN = r"(?u)\w+|[^\w\s]"  # noqa: S105 - words, and each mark and emoji alone
_MOST_GRAMS = 60_000
_DIRECTIONS = 48
_FEW_ROWS, _FEW_DIRECTIONS = 1_000, 24
_SVD_ROWS = 20_000
_FREQUENT = 60
LONGEST = 100_000
"""Characters of a text that are looked at, at most."""

_RUNS_ON = 200


@dataclass(frozen=True)
class Grams:
    """The n-grams of one kind that were frequent enough, with their weights."""

    analyzer: str
    sizes: tuple[int, int]
    terms: tuple[str, ...]
    weights: Singles = field(compare=False)
    """Inverse document frequencies."""

    @classmethod
    def fit(cls, values: list[str], analyzer: str, sizes: tuple[int, int]) -> "Grams | None":
        """Keep the most frequent n-grams that at least two texts hold; None where there are none.

        Many texts ask for more of each n-gram.
        """
        least = max(2, min(5, len(values) // 2_000))
        vectorizer = _vectorizer(analyzer, sizes, min_df=least, max_features=_MOST_GRAMS)
        try:
            vectorizer.fit(values)
        except ValueError:  # no term remains
            return None
        terms = tuple(vectorizer.get_feature_names_out().tolist())
        return cls(analyzer, sizes, terms, vectorizer.idf_.astype(np.float32))

    def transform(self, values: list[str]) -> "csr_matrix":
        """Return the vectors (rows, terms), of length 1 or 0."""
        return self._fitted.transform(values).tocsr()

    @cached_property
    def _fitted(self) -> "TfidfVectorizer":
        places = {term: place for place, term in enumerate(self.terms)}
        vectorizer = _vectorizer(self.analyzer, self.sizes, vocabulary=places)
        vectorizer.idf_ = self.weights
        return vectorizer


def _vectorizer(analyzer: str, sizes: tuple[int, int], **options: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=sizes,
        token_pattern=_TOKEN if analyzer == "word" else None,
        sublinear_tf=True,
        dtype=np.float32,
        **options,
    )


@dataclass(frozen=True)
class Document:
    """A column of texts.

    Parameters
    ----------
    grams
        Words, characters or both.
    directions
        (n-grams of the first kind, directions): what makes the compact form.
    frequent
        Places of the most frequent n-grams of the first kind.
    longest
        Characters that are looked at.
    embedding
        What a pretrained network makes of the texts.
    """

    grams: tuple[Grams, ...]
    directions: Singles = field(compare=False)
    frequent: tuple[int, ...]
    longest: int
    embedding: Embedding | None = None

    kind: ClassVar[str] = "document"

    @classmethod
    def fit(cls, values: pa.Array, name: str, plan: "TextPlan", seed: int) -> "Document | None":
        """Look at all texts; None where they have nothing in common."""
        found = [value[: plan.longest] for value in plain_texts(values, name)]
        kinds = kinds_of(found)
        grams = [Grams.fit(found, *kind) for kind in (kinds if plan.characters else kinds[:1])]
        kept = tuple(of for of in grams if of is not None)
        if not kept:
            return None
        rows = np.random.default_rng(seed).permutation(len(found))[:_SVD_ROWS]
        first = kept[0].transform([found[row] for row in np.sort(rows)])
        usual = np.asarray((first > 0).sum(axis=0)).ravel()
        some = usual <= 0.8 * first.shape[0]
        frequent = np.argsort(-np.where(some, usual, 0), kind="stable")[:_FREQUENT]
        return cls(kept, _directions(first, seed), tuple(sorted(frequent.tolist())), plan.longest)

    @property
    def features(self) -> tuple[str, ...]:
        """Sizes and shares, the embedding, directions, frequent n-grams."""
        directions = (f"direction {number + 1}" for number in range(self.directions.shape[1]))
        embedded = () if self.embedding is None else self.embedding.features
        terms = (self.grams[0].terms[place] for place in self.frequent)
        return (*SIZES, *embedded, *directions, *terms)

    @property
    def apart(self) -> int:
        """How many of the first features are made of something else than n-grams."""
        return len(SIZES) + (0 if self.embedding is None else len(self.embedding.features))

    @property
    def terms(self) -> tuple[str, ...]:
        """The n-grams, in the order of the sparse features."""
        return tuple(term for of in self.grams for term in of.terms)

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the dense features."""
        return self.encode_both(values, name)[0]

    def encode_both(self, values: pa.Array, name: str) -> "tuple[Floats, csr_matrix]":
        """Return the dense and the sparse features."""
        from scipy.sparse import hstack

        column = texts(values, name)
        whole = plain_texts(column, name)
        found = [value[: self.longest] for value in whole]
        parts = [of.transform(found) for of in self.grams]
        embedded = [] if self.embedding is None else [self.embedding.encode(whole)]
        dense = np.hstack([
            _sizes(found), *embedded,
            parts[0] @ self.directions, parts[0][:, list(self.frequent)].toarray()
        ]).astype(np.float64)  # fmt: skip
        dense[column.is_null().to_numpy(zero_copy_only=False), : self.apart] = np.nan
        return dense, hstack(parts, format="csr", dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the n-grams as JSON and all numbers as npz into a folder, which is made."""
        folder.mkdir(parents=True)
        document = {
            "grams": [
                {"analyzer": of.analyzer, "sizes": of.sizes, "terms": of.terms} for of in self.grams
            ],
            "frequent": self.frequent,
            "longest": self.longest,
        }
        if self.embedding is not None:
            document["embedding"] = {
                "tokens": self.embedding.tokens,
                "directions": asdict(self.embedding.directions),
            }
        (folder / "grams.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        weights = {f"weights_{place}": of.weights for place, of in enumerate(self.grams)}
        np.savez_compressed(
            folder / "numbers.npz", allow_pickle=False, directions=self.directions, **weights
        )

    @classmethod
    def load(cls, folder: Path, network: Callable[[], Sentences]) -> "Document":
        """Read what `save` wrote; ``network`` is asked for one where the texts were embedded."""
        document: Mapping[str, Any] = json.loads((folder / "grams.json").read_text("utf-8"))
        with np.load(folder / "numbers.npz", allow_pickle=False) as file:
            numbers = dict(file)
        grams = tuple(
            Grams(of["analyzer"], tuple(of["sizes"]), tuple(of["terms"]), numbers[f"weights_{at}"])
            for at, of in enumerate(document["grams"])
        )
        frequent = tuple(document["frequent"])
        embedding = None
        if "embedding" in document:
            told = document["embedding"]
            directions = Directions.from_document(told["directions"])
            embedding = Embedding(network(), directions, told["tokens"])
        return cls(grams, numbers["directions"], frequent, document["longest"], embedding)


def plain_texts(values: pa.Array, name: str) -> list[str]:
    """Return a column's texts, empty where missing, as far as they are looked at at most."""
    return [(value or "")[:LONGEST] for value in texts(values, name).to_pylist()]


def kinds_of(found: list[str]) -> list[tuple[str, tuple[int, int]]]:
    """Return which n-grams of some texts are worth counting: of what, and of how many."""
    if runs_on([value for value in found[:_RUNS_ON] if value]):
        return [("char_wb", (1, 3))]
    return [("word", (1, 2)), ("char_wb", (3, 5))]


def _directions(first: "csr_matrix", seed: int) -> Singles:
    """Return the main directions of sparse rows: (n-grams, directions)."""
    from sklearn.decomposition import TruncatedSVD

    wanted = _FEW_DIRECTIONS if first.shape[0] < _FEW_ROWS else _DIRECTIONS
    number = min(wanted, first.shape[0] - 1, first.shape[1] - 1)
    if number < 1 or not first.nnz:
        return np.zeros((first.shape[1], 0), np.float32)
    svd = TruncatedSVD(number, n_iter=2, random_state=seed).fit(first)
    found: Singles = np.ascontiguousarray(svd.components_.T, dtype=np.float32)
    return found if np.isfinite(found).all() else np.zeros((first.shape[1], 0), np.float32)


def _sizes(found: list[str]) -> Floats:
    sizes = np.empty((len(found), len(SIZES)))
    for row, value in enumerate(found):
        size = max(1, len(value))
        sizes[row] = (
            len(value),
            len(value.split()),
            sum(map(str.isdigit, value)) / size,
            sum(map(str.isupper, value)) / size,
        )
    return sizes
