"""How large each series' forecast errors are, beside those of the others.

Errors in units of a series' scale are still larger in some series than in others: one goes along
its trend, another one jumps. A few windows tell little of a single series, so that its mean square
is moderated by what is usual among all (Smyth, Linear models and empirical Bayes methods, 2004):
the more the series differ beyond chance, the more each counts for itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.frames import Floats

_LEAST_SERIES = 4
"""Fewer do not tell how series differ."""
_LEAST_SHARE = 1e-5
"""Of the median mean square; a series that was forecast without error has no logarithm."""


@dataclass(frozen=True)
class ErrorSizes:
    """The root mean squares of series' errors, moderated."""

    sizes: Floats
    """By the number of the series, and last what is usual."""
    freedom: float = float("inf")
    """Of one of them in degrees, for as long as intervals are fitted; infinite where series do not
    differ beyond chance."""

    @classmethod
    def alike(cls) -> "ErrorSizes":
        """Return that no series differs from the others."""
        return cls(np.ones(1))

    @classmethod
    def fit(cls, errors: Floats, series: NDArray[np.int64], independent: float) -> "ErrorSizes":
        """Learn from errors (rows, horizon), of which so many are independent; NaN at gaps."""
        from scipy.special import digamma

        counts = np.bincount(series, np.isfinite(errors).sum(axis=1))
        sums = np.bincount(series, np.nansum(errors**2, axis=1))
        told = counts > 0
        if told.sum() < _LEAST_SERIES:
            return cls.alike()
        squares = sums[told] / counts[told]
        least = _LEAST_SHARE * float(np.median(squares))
        if least <= 0:
            return cls.alike()
        own = max(1.0, independent / len(squares))
        logs = np.log(np.maximum(squares, least)) - digamma(own / 2) + np.log(own / 2)
        usual = _freedom_of(float(logs.var(ddof=1)), own)
        if not np.isfinite(usual):
            return cls.alike()
        middle = float(np.exp(logs.mean() + digamma(usual / 2) - np.log(usual / 2)))
        moderated = np.full(len(counts) + 1, middle)
        moderated[:-1][told] = (usual * middle + own * squares) / (usual + own)
        return cls(np.sqrt(moderated), usual + own)

    def of(self, series: NDArray[np.int64]) -> Floats:
        """Return the sizes of series by their numbers; what is usual for one that is not known."""
        known = (series >= 0) & (series < len(self.sizes) - 1)
        return self.sizes[np.where(known, series, -1)]


def _freedom_of(variance: float, own: float) -> float:
    """Return of how many degrees what is usual is, by the logarithms' variance beyond chance."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    beyond = variance - float(polygamma(1, own / 2))
    low, high = 1e-2, 1e4
    if beyond <= polygamma(1, high / 2):
        return float("inf")
    if beyond >= polygamma(1, low / 2):
        return low
    return float(brentq(lambda freedom: polygamma(1, freedom / 2) - beyond, low, high))
