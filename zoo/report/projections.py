"""Embeddings projected to two dimensions, for maps: PCA keeps distances, t-SNE and UMAP
neighbourhoods.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from zoo.errors import InputError, MissingDependencyError

PERPLEXITY = 30.0
NEIGHBOURS = 15  # of UMAP, its authors' default
FEWEST, FEW = 4, 10  # rows that UMAP needs, and up to which it starts at random


@dataclass(frozen=True)
class Projection:
    """Points on a plane.

    Attributes:
        points: (m, 2) float; m <= n after sub-sampling.
        index: (m,) the rows of the embeddings they show; `labels[index]` are their labels.
        center: (2,) the projected center, or None.
        method: `PCA`, `t-SNE` or `UMAP`, for the axes of `embedding_map`.
        note: what a reader must know: variance kept, or samples left out.
    """

    points: np.ndarray
    index: np.ndarray
    center: np.ndarray | None
    method: str
    note: str


def pca_map(embeddings: ArrayLike, center: ArrayLike | None = None) -> Projection:
    """Project onto the two directions of largest variance.

    Args:
        embeddings: (n, dimensions) finite numbers, n >= 2.
        center: (dimensions,) of the hypersphere; projected too, but it does not turn the axes.

    Returns:
        All n points; distances on the map are never larger than in the embedding.

    Raises:
        ValueError: shapes that do not fit, fewer than 2 rows, NaN or infinity.
    """
    from sklearn.decomposition import PCA

    embeddings, center = _checked(embeddings, center)
    if embeddings.shape[1] == 1:  # a plane needs a second axis: an empty one
        embeddings = np.pad(embeddings, ((0, 0), (0, 1)))
        center = None if center is None else np.pad(center, (0, 1))
    with np.errstate(invalid="ignore"):  # all rows equal: no variance to share out
        pca = PCA(2).fit(embeddings)
    varies = embeddings.std(axis=0).max() > 0
    kept = pca.explained_variance_ratio_.sum() if varies else 1.0
    return Projection(
        points=pca.transform(embeddings),
        index=np.arange(len(embeddings)),
        center=None if center is None else pca.transform(center[None])[0],
        method="PCA",
        note=f"PCA of {len(embeddings):,} points; two axes keep {kept:.0%} of the variance",
    )


def tsne_map(
    embeddings: ArrayLike, seed: int, limit: int = 2000, center: ArrayLike | None = None
) -> Projection:
    """Project so that neighbours stay neighbours. van der Maaten & Hinton, JMLR 2008.

    Args:
        embeddings: (n, dimensions) finite numbers, n >= 2.
        seed: of the sub-sample and of t-SNE.
        limit: most points shown; of more, a random part is taken, and `note` says so.
        center: (dimensions,) of the hypersphere; takes part in the projection as a point.

    Returns:
        At most `limit` points, in the order of their rows.

    Raises:
        ValueError: shapes that do not fit, fewer than 2 rows, NaN or infinity.
    """
    from sklearn.manifold import TSNE

    rows, index, note = _sampled(*_checked(embeddings, center), seed, limit)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    init = "pca" if min(rows.shape) >= 2 and rows.std(axis=0).max() > 0 else "random"
    tsne = TSNE(2, perplexity=perplexity, init=init, random_state=seed)
    with threadpool_limits(1, "openmp"):  # ten times faster on a busy machine
        points = tsne.fit_transform(rows)
    return _projection(points, index, "t-SNE", note)


def umap_map(
    embeddings: ArrayLike, seed: int, limit: int = 2000, center: ArrayLike | None = None
) -> Projection:
    """Project so that neighbours stay neighbours, and groups keep more of their places than with
    t-SNE. McInnes, Healy & Melville, "UMAP", arXiv:1802.03426, 2018.

    Needs umap-learn, which is no part of the usual installation; its first call in a process
    compiles for half a minute.

    Args:
        embeddings: (n, dimensions) finite numbers, n >= 4.
        seed: of the sub-sample and of UMAP.
        limit: most points shown; of more, a random part is taken, and `note` says so.
        center: (dimensions,) of the hypersphere; takes part in the projection as a point.

    Returns:
        At most `limit` points, in the order of their rows.

    Raises:
        ValueError: shapes that do not fit, fewer than 4 rows, NaN or infinity.
        ImportError: umap-learn is not installed.
    """
    rows, index, note = _sampled(*_checked(embeddings, center), seed, limit)
    if len(rows) < FEWEST:
        raise InputError(
            f"embeddings: {len(rows)} rows, UMAP needs {FEWEST} or more; use pca_map or tsne_map"
        )
    if importlib.util.find_spec("umap") is None:
        raise MissingDependencyError(
            "umap_map needs umap-learn, which is not installed; "
            "pip install 'keras-anomaly-zoo[umap]', or use tsne_map"
        )
    with warnings.catch_warnings():  # of its imports, of eigenvectors, of one thread for one seed
        warnings.simplefilter("ignore")
        from umap import UMAP

        init = "spectral" if len(rows) > FEW and rows.std(axis=0).max() > 0 else "random"
        neighbours = min(NEIGHBOURS, len(rows) - 1)
        umap = UMAP(n_neighbors=neighbours, init=init, random_state=seed, n_jobs=1)
        points = umap.fit_transform(rows)
    return _projection(points, index, "UMAP", note)


def _sampled(
    embeddings: np.ndarray, center: np.ndarray | None, seed: int, limit: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return at most `limit` rows with the center below them, their indices, and a note."""
    count = len(embeddings)
    index, note = np.arange(count), f"{count:,} points"
    if count > limit:
        index = np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))
        note = f"{limit:,} of {count:,} points, drawn at random with seed {seed}"
    rows = embeddings[index]
    return rows if center is None else np.vstack([rows, center]), index, note


def _projection(points: np.ndarray, index: np.ndarray, method: str, note: str) -> Projection:
    """Return the projection of sampled rows; a row beyond the index is the center."""
    return Projection(
        points=points[: len(index)],
        index=index,
        center=points[-1] if len(points) > len(index) else None,
        method=method,
        note=f"{method} of {note}",
    )


def _checked(embeddings: ArrayLike, center: ArrayLike | None):
    embeddings = np.asarray(embeddings, dtype=float)
    if embeddings.ndim != 2 or len(embeddings) < 2 or embeddings.shape[1] < 1:
        raise InputError(f"embeddings: shape {embeddings.shape}, expected (n >= 2, dimensions)")
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if bad.size:
        raise InputError(
            f"embeddings: {bad.size} of {len(embeddings)} rows hold NaN or infinity, the first is "
            f"row {bad[0]}; the network diverged, try a lower learning rate"
        )
    if center is not None:
        center = np.asarray(center, dtype=float)
        if center.shape != embeddings.shape[1:]:
            raise InputError(f"center: shape {center.shape}, expected {embeddings.shape[1:]}")
    return embeddings, center
