"""Medians, spreads and ratios of what was measured in rounds."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """How one median compares with another, and the interval that holds it with 95 % confidence."""

    value: float
    low: float
    high: float

    def overlaps(self, other: "Ratio") -> bool:
        """Whether both may be the same ratio."""
        return self.low <= other.high and other.low <= self.high


def median(values: list[float]) -> float:
    return float(np.median(values))


def spread(values: list[float]) -> tuple[float, float]:
    """The quartiles."""
    low, high = np.percentile(values, [25, 75])
    return float(low), float(high)


def _ratio_of_medians(ours: np.ndarray, other: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.median(ours, axis=axis) / np.median(other, axis=axis)


def ratio(ours: list[float], other: list[float]) -> Ratio:
    """The ratio of the medians with a bootstrap interval; the rounds are drawn in pairs, for they share disturbances.

    Args:
        ours, other: one value a round, in the order of the rounds, at least two.
    """
    value = median(ours) / median(other)
    drawn = stats.bootstrap(
        (np.asarray(ours, float), np.asarray(other, float)),
        _ratio_of_medians,
        paired=True,
        vectorized=True,
        confidence_level=_CONFIDENCE,
        n_resamples=2000,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    # A median is no mean: its own value may lie on the edge of what was drawn.
    return Ratio(value, min(float(drawn.low), value), max(float(drawn.high), value))
