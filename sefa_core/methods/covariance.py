"""How do numbers vary together? Exact means and covariances, accumulated batch by batch in float64."""

from __future__ import annotations

import numpy as np

RANK = 1e-12
"""A variance this much smaller than the largest is what rounding left of none."""


class Covariance:
    """Mean and covariance of rows `(n, dim)` that arrive in batches.

    Two batches are joined as in Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
    Sample Variances", 1979: nothing is approximated, and nothing is lost where means are large.
    """

    def __init__(self, dim: int) -> None:
        self.count = 0
        self.mean = np.zeros(dim)
        self._scatter = np.zeros((dim, dim))

    def add(self, rows: np.ndarray) -> None:
        """Take in `rows (n, dim)`."""
        fresh = rows.astype(np.float64)
        mean = fresh.mean(axis=0)  # (dim,)
        centred = fresh - mean  # (n, dim)
        total = self.count + len(fresh)
        step = mean - self.mean  # (dim,)
        self._scatter += centred.T @ centred + np.outer(step, step) * (self.count * len(fresh) / total)  # (dim, dim)
        self.mean = self.mean + step * (len(fresh) / total)
        self.count = total

    @property
    def matrix(self) -> np.ndarray:
        """The unbiased covariance `(dim, dim)`."""
        return self._scatter / (self.count - 1)


def shrunk(covariance: np.ndarray, amount: float) -> np.ndarray:
    """`(1 - amount) C + amount (tr C / dim) I`: pulled toward a sphere of the same size."""
    dim = len(covariance)
    mixed: np.ndarray = (1 - amount) * covariance + amount * np.trace(covariance) / dim * np.eye(dim)  # (dim, dim)
    return mixed


def oracle_shrinkage(covariance: np.ndarray, count: int) -> float:
    """How much to shrink a covariance `(dim, dim)` that was measured on `count` samples.

    Chen, Wiesel, Eldar and Hero, "Shrinkage Algorithms for MMSE Covariance Estimation", IEEE Transactions on Signal
    Processing 2010, equation 23; it goes to zero as samples become many.
    """
    dim = len(covariance)
    square, trace = float(np.sum(covariance**2)), float(np.trace(covariance))
    above = (1 - 2 / dim) * square + trace**2
    below = (count + 1 - 2 / dim) * (square - trace**2 / dim)
    return 1.0 if below <= 0 else min(1.0, above / below)


def root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root `(dim, dim)` of a covariance; what rounding made negative counts as zero."""
    values, columns = np.linalg.eigh(covariance)
    half: np.ndarray = (columns * np.sqrt(np.maximum(values, 0.0))) @ columns.T  # (dim, dim)
    return half
