"""The decision threshold: from which probability on the positive class is chosen."""

import numpy as np

from automl_magics.training.metrics import Metric
from automl_magics.training.metrics_of_classes import OF_COUNTS, Counts, Floats


def best_threshold(
    metric: Metric, target: Floats, positive: Floats, weights: Floats | None = None
) -> float:
    """Return the threshold at which a metric of labels is best on these rows.

    Parameters
    ----------
    metric
        One that needs labels.
    target
        Class codes 0 and 1.
    positive
        Probabilities of class 1; it is chosen above the threshold.

    Returns
    -------
    A probability halfway between two that occur; of equally good ones that nearest to 0.5. All
    thresholds are tried at once, by running sums over the sorted rows.
    """
    weight = np.ones(len(target)) if weights is None else weights
    order = np.argsort(positive)
    ranked = positive[order]
    ends = np.flatnonzero(ranked[1:] != ranked[:-1])
    thresholds = np.concatenate([[0.5], (ranked[ends] + ranked[ends + 1]) / 2])
    by_class = [np.append(0.0, np.cumsum((weight * (target == k))[order])) for k in (0, 1)]
    below = np.searchsorted(ranked, thresholds, side="right")
    negatives, positives = (sums[below] for sums in by_class)
    all_negatives, all_positives = (sums[-1] for sums in by_class)
    chosen_false, chosen_true = all_negatives - negatives, all_positives - positives
    counts = Counts(
        actual=np.array([all_negatives, all_positives]),
        predicted=np.stack([negatives + positives, chosen_false + chosen_true], -1),
        hits=np.stack([negatives, chosen_true], -1),
    )
    scores = OF_COUNTS[metric.name](counts)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])
