"""The metrics of ranking, each the mean over queries of how well a query's rows are put in order.

A target here has two columns (rows, 2): the grade, an integer from 0 up where more is better, and
the number of the row's query. A prediction is a score for each row; only the order of the scores
within a query counts. Equal scores stand in an order that has nothing to do with that of the rows:
else a constant would be perfect wherever the rows come sorted by their grade.

A query says something if it has two rows or more and one of them a grade above 0, as in
scikit-learn's ``ndcg_score`` and NIST's trec_eval; others are left out.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Queries:
    """The rows of a target by query, prepared for many predictions.

    Parameters
    ----------
    target
        Grades and queries' numbers (rows, 2), in any order.
    """

    def __init__(self, target: Floats) -> None:
        shuffled = np.random.default_rng(0).permutation(len(target))
        self._rows = shuffled[np.argsort(target[shuffled, 1], kind="stable")]
        _, self._query = np.unique(target[self._rows, 1], return_inverse=True)
        self._grades = target[self._rows, 0]
        sizes = np.bincount(self._query)
        self._place = np.arange(len(target)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self._discounts = 1.0 / np.log2(self._place + 2.0)
        self._best = self._grades[np.lexsort((-self._grades, self._query))]
        self.telling: NDArray[np.bool_] = (sizes > 1) & (self._sums(self._grades) > 0)
        """Which queries count, in ascending order of their numbers."""

    def values(self, metric: str, prediction: Floats) -> Floats:
        """Return a metric's value for each query that counts."""
        order = np.lexsort((-prediction[self._rows], self._query))
        grades = self._grades[order]
        name, _, depth = metric.partition("_at_")
        if name == "ndcg":
            found = self._ndcg(grades, int(depth))
        else:
            found = self._average_precision(grades) if name == "map" else self._reciprocal(grades)
        return found[self.telling]

    def _ndcg(self, grades: Floats, depth: int) -> Floats:
        """Discounted gain of the first rows, as a share of the best there could be.

        The gain is ``2^grade - 1``, the discount ``1 / log2(place + 1)`` (Burges et al., Learning
        to Rank using Gradient Descent, ICML 2005).
        """
        discounts = self._discounts * (self._place < depth)
        found = self._sums((np.exp2(grades) - 1.0) * discounts)
        best = self._sums((np.exp2(self._best) - 1.0) * discounts)
        return found / np.where(best > 0, best, 1.0)

    def _average_precision(self, grades: Floats) -> Floats:
        """Mean of the precision down to each row whose grade is above 0."""
        hits = (grades > 0).astype(np.float64)
        total = self._sums(hits)
        found = np.cumsum(hits) - (np.cumsum(total) - total)[self._query]
        return self._sums(hits * found / (self._place + 1)) / np.maximum(total, 1.0)

    def _reciprocal(self, grades: Floats) -> Floats:
        """One over the place of the first row whose grade is above 0."""
        best = np.zeros(len(self.telling))
        np.maximum.at(best, self._query, np.where(grades > 0, 1.0 / (self._place + 1), 0.0))
        return best

    def _sums(self, values: Floats) -> Floats:
        """Return the sums over each query's rows."""
        return np.bincount(self._query, weights=values).astype(np.float64)


def values_by_query(metric: str, target: Floats, prediction: Floats) -> Floats:
    """Return a metric's value for each query that says something, by ascending query."""
    return Queries(target).values(metric, prediction)
