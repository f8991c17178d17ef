"""Is it the right style? A linear classifier on the features, trained on real train pictures.

Linear discriminant analysis with equal priors (Fisher 1936; Hastie, Tibshirani and Friedman 2009, eq. 4.10): with m_s
the mean of style s and S the pooled covariance, shrunk towards its mean variance,

    score_s(x) = x' S^-1 m_s - m_s' S^-1 m_s / 2,       S = (1 - g) S_pooled + g tr(S_pooled) / d I

It has a closed form: no seed, no learning rate. It sees the features under the square root: they are means of what a
ReLU lets through, and skewed. Root and g were chosen on real pictures of tune (64.7 % right among 13 styles of Glyphs;
63.0 % without the root). What it scores on real held-out pictures stands beside every number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

SHRINK = 0.1
"""g above."""


@dataclass(frozen=True, eq=False)
class StyleClassifier:
    """Names a style for features."""

    styles: tuple[str, ...]
    weight: Float64[np.ndarray, "d s"]
    bias: Float64[np.ndarray, " s"]

    def __call__(self, features: Float[np.ndarray, "n d"]) -> list[str]:
        """The style of the highest score for each picture."""
        return [self.styles[k] for k in (features @ self.weight + self.bias).argmax(axis=1)]


def train_styles(features: Float[np.ndarray, "m d"], styles: Sequence[str]) -> StyleClassifier | None:
    """The classifier of these pictures; None where they are all of one style."""
    names, label = np.unique(np.asarray(styles), return_inverse=True)
    if len(names) < 2:
        return None
    x = features.astype(np.float64)
    means = np.stack([x[label == s].mean(axis=0) for s in range(len(names))])
    x -= means[label]
    pooled = x.T @ x / max(len(x) - len(names), 1)
    d = len(pooled)
    spread = max(float(np.trace(pooled)) / d, 1e-12)
    weight = np.linalg.solve((1.0 - SHRINK) * pooled + SHRINK * spread * np.eye(d), means.T)
    return StyleClassifier(tuple(map(str, names)), weight, -0.5 * (means.T * weight).sum(axis=0))


def rooted(features: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    """The square root of each feature, with its sign."""
    x = features.astype(np.float64)
    return np.sign(x) * np.sqrt(np.abs(x))
