"""Maps of embeddings: what each keeps, and what it leaves out."""

import importlib.util

import numpy as np
import pytest

from zoo.report import figures, projections
from zoo.report.projections import pca_map, tsne_map, umap_map

pytestmark = pytest.mark.once


installed_umap = pytest.mark.skipif(
    importlib.util.find_spec("umap") is None, reason="umap-learn is not installed"
)
EMBEDDINGS = np.random.default_rng(0).normal(size=(40, 5))


def test_pca_of_a_plane_keeps_all_distances():
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))
    plane = np.pad(EMBEDDINGS[:, :2], ((0, 0), (0, 3))) @ turn
    projection = pca_map(plane, center=plane[3])
    expected = np.linalg.norm(plane - plane[3], axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(projection.points - projection.center, axis=1), expected, atol=1e-9
    )
    assert projection.note == "PCA of 40 points; two axes keep 100% of the variance"


def test_pca_never_lengthens_so_the_sphere_stays_in_the_circle():
    center = np.zeros(5)
    projection = pca_map(EMBEDDINGS, center)
    mapped = np.linalg.norm(projection.points - projection.center, axis=1)
    assert (mapped <= np.linalg.norm(EMBEDDINGS, axis=1) + 1e-9).all()


def test_one_dimension_gets_an_empty_second_axis():
    projection = pca_map(EMBEDDINGS[:, :1], EMBEDDINGS[0, :1])
    np.testing.assert_allclose(projection.points[:, 1], 0, atol=1e-12)
    np.testing.assert_allclose(projection.center, projection.points[0])


def test_tsne_sub_samples_above_the_limit_and_says_so():
    projection = tsne_map(EMBEDDINGS, seed=3, limit=10)
    assert projection.points.shape == (10, 2)
    assert (np.diff(projection.index) > 0).all() and projection.index.max() < 40
    assert projection.note == "t-SNE of 10 of 40 points, drawn at random with seed 3"
    again = tsne_map(EMBEDDINGS, seed=3, limit=10)
    np.testing.assert_array_equal(projection.index, again.index)
    np.testing.assert_allclose(projection.points, again.points)
    assert set(tsne_map(EMBEDDINGS, seed=4, limit=10).index) != set(projection.index)


def test_tsne_places_the_center_among_the_points():
    blobs = EMBEDDINGS + np.repeat([[0.0], [60.0]], 20, axis=0)
    projection = tsne_map(blobs, seed=0, center=blobs[:20].mean(axis=0))
    assert projection.points.shape == (40, 2)
    distances = np.linalg.norm(projection.points - projection.center, axis=1)
    assert distances[:20].mean() < distances[20:].mean()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_few_points_are_enough(count):
    assert np.isfinite(tsne_map(EMBEDDINGS[:count], seed=0).points).all()
    assert pca_map(EMBEDDINGS[:count]).points.shape == (count, 2)


def test_a_collapsed_network_can_still_be_drawn():
    same = np.ones((10, 5))
    assert np.isfinite(tsne_map(same, seed=0).points).all()
    np.testing.assert_allclose(pca_map(same, same[0]).points, 0, atol=1e-12)


@pytest.mark.parametrize("draw", [pca_map, lambda rows, **k: tsne_map(rows, seed=0, **k)])
def test_what_cannot_be_drawn_is_named(draw):
    broken = EMBEDDINGS.copy()
    broken[7] = np.nan
    with pytest.raises(ValueError, match="1 of 40 rows hold NaN or infinity, the first is row 7"):
        draw(broken)
    with pytest.raises(ValueError, match=r"center: shape \(3,\), expected \(5,\)"):
        draw(EMBEDDINGS, center=np.zeros(3))
    with pytest.raises(ValueError, match=r"shape \(1, 5\), expected"):
        draw(EMBEDDINGS[:1])


@pytest.mark.slow  # compiles for half a minute
@installed_umap
def test_umap_keeps_groups_apart_with_the_center_in_its_own():
    blobs = EMBEDDINGS + np.repeat([[0.0], [60.0]], 20, axis=0)
    projection = umap_map(blobs, seed=0, center=blobs[:20].mean(axis=0))
    assert projection.points.shape == (40, 2)
    distances = np.linalg.norm(projection.points - projection.center, axis=1)
    assert distances[:20].max() < distances[20:].min()
    assert (projection.method, projection.note) == ("UMAP", "UMAP of 40 points")
    ax = figures.embedding_map(projection.points, None, "Two", method=projection.method).axes[0]
    assert ax.get_xlabel() == "UMAP 1 (no unit: only neighbourhoods are kept)"


@pytest.mark.slow  # compiles for half a minute
@installed_umap
def test_umap_sub_samples_above_the_limit_and_repeats_itself():
    first, again = (umap_map(EMBEDDINGS, seed=3, limit=20) for _ in range(2))
    assert first.note == "UMAP of 20 of 40 points, drawn at random with seed 3"
    np.testing.assert_array_equal(first.index, tsne_map(EMBEDDINGS, seed=3, limit=20).index)
    np.testing.assert_array_equal(first.points, again.points)


@pytest.mark.slow  # compiles for half a minute
@installed_umap
@pytest.mark.parametrize(
    "rows", [EMBEDDINGS[:4], EMBEDDINGS[:11], np.ones((12, 5)), EMBEDDINGS[:, :1]]
)
def test_umap_draws_few_or_equal_points(rows):
    assert np.isfinite(umap_map(rows, seed=0).points).all()


def test_without_umap_an_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(projections.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-anomaly-zoo\[umap\]'"):
        umap_map(EMBEDDINGS, seed=0)


def test_umap_names_what_it_cannot_draw():
    with pytest.raises(ValueError, match="3 rows, UMAP needs 4 or more; use pca_map or tsne_map"):
        umap_map(EMBEDDINGS[:3], seed=0)
    with pytest.raises(ValueError, match=r"center: shape \(3,\)"):
        umap_map(EMBEDDINGS, seed=0, center=np.zeros(3))
