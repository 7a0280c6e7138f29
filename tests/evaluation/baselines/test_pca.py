"""PCA reconstruction: residuals by hand, the number of directions, and small anomalies."""

import numpy as np
import pytest

from zoo.data.arrays.windows import sliding_windows
from zoo.evaluation.baselines import PCAReconstruction
from zoo.evaluation.metrics import roc_auc, vus

pytestmark = pytest.mark.once


def test_pca_scores_the_mean_squared_distance_from_the_normal_line():
    line = np.outer(np.arange(5.0), [1.0, 0.0])
    assert PCAReconstruction().fit(line).score([[9.0, 0.0], [2.0, 4.0]]) == pytest.approx([0, 8])


def test_errors_say_which_number_a_score_comes_from():
    line = np.outer(np.arange(6.0), [1.0, 0.0, 0.0, 0.0]).reshape(6, 2, 2)
    baseline = PCAReconstruction().fit(line)
    strange = [[[9.0, 0.0], [0.0, 4.0]], [[2.0, -1.0], [3.0, 0.0]]]
    errors = baseline.errors(strange)
    assert errors == pytest.approx(np.array([[[0, 0], [0, 16]], [[0, 1], [9, 0]]]), abs=1e-9)
    assert baseline.score(strange) == pytest.approx([4.0, 2.5])


def test_components_say_how_many_directions_are_normal():
    # Deviations 3, 2 and 1 along the axes; a unit along each axis is a residual of 1/3 or 0.
    corners = np.stack(np.meshgrid([-3, 3], [-2, 2], [-1, 1]), axis=-1).reshape(-1, 3)
    for kept in (1, 2, 3):
        scores = PCAReconstruction(components=kept).fit(corners).score(np.eye(3))
        expected = [0.0 if axis < kept else 1 / 3 for axis in range(3)]
        assert scores == pytest.approx(expected, abs=1e-6)


def test_windows_keep_twenty_components():
    windows = np.random.default_rng(0).normal(size=(20_000, 10, 4))
    baseline = PCAReconstruction(components=20).fit(windows)
    assert baseline.pca_.n_components_ == 20
    # 20 of 40 equal directions leave half of the variance.
    assert baseline.score(windows).mean() == pytest.approx(0.5, abs=0.03)


def test_small_directions_are_told_apart_beside_a_large_one():
    draw = np.random.default_rng(0)
    directions, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    normals = draw.normal(size=(5_000, 3)) * [1.0, 2e-4, 1e-4] @ directions
    strange = 1e-2 * directions[2]
    scores = PCAReconstruction(components=2).fit(normals).score([strange, 10 * directions[1]])
    assert scores[0] == pytest.approx(1e-4 / 3, rel=0.01)
    assert scores[1] < 1e-2


def test_components_that_do_not_exist_are_named():
    rows = np.random.default_rng(0).normal(size=(9, 4))
    with pytest.raises(ValueError, match="components is 5, expected 1 to 4 with 9 samples of 4"):
        PCAReconstruction(components=5).fit(rows)
    with pytest.raises(ValueError, match="components is 0, expected 1 to 4"):
        PCAReconstruction(components=0).fit(rows)


def test_pca_refuses_normals_without_variation():
    with pytest.raises(ValueError, match="3 samples do not vary"):
        PCAReconstruction().fit(np.ones((3, 4)))


def test_pca_on_mnist_is_as_good_as_published(data_dir):
    with np.load(data_dir / "mnist.npz") as mnist:
        normals = mnist["x_train"][mnist["y_train"] == 0] / 255
        scores = PCAReconstruction().fit(normals).score(mnist["x_test"] / 255)
        assert roc_auc(mnist["y_test"] != 0, scores) == pytest.approx(0.9906, abs=0.001)


def test_pca_on_server_windows_is_the_bar_to_beat(data_dir):
    """PCA(20) of ten raw rows on machine 2-8: VUS-PR 0.943, each row by the mean of its windows."""
    folder = data_dir / "ServerMachineDataset"
    if not folder.exists():
        pytest.skip(f"ZOO_DATA={data_dir} has no ServerMachineDataset")
    train, test, labels = (
        np.loadtxt(folder / part / "machine-2-8.txt", delimiter=",", dtype=np.float32)
        for part in ("train", "test", "test_label")
    )
    baseline = PCAReconstruction(components=20).fit(sliding_windows(train, 10))
    per_window = baseline.score(sliding_windows(test, 10)).astype(float)
    covered = np.convolve(np.ones(len(per_window)), np.ones(10))
    scores = np.convolve(per_window, np.ones(10)) / covered
    assert vus(labels, scores, window=9)["vus_pr"] == pytest.approx(0.943, abs=0.005)
