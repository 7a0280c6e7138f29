"""Whatever is handed over becomes finite numbers, or an error that names what was found."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from zoo.detectors import inputs

pytestmark = pytest.mark.once


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}, index=["x", "y"])


def test_a_frame_keeps_names_and_index():
    found = inputs.read(FRAME)
    assert found.names == ("a", "b") and list(found.index) == ["x", "y"]
    np.testing.assert_array_equal(found.values, [[1, 3], [2, 4]])


def test_booleans_and_integers_are_numbers():
    assert inputs.read([[True, 2], [False, 3]]).values.dtype == np.float64
    assert inputs.read(pd.DataFrame({"a": [True, False]})).values.tolist() == [[1], [0]]


def test_a_frame_that_is_not_of_pandas():
    class Frame:
        columns = ["a", "b"]
        dtypes = ["f64", "f64"]

        def to_numpy(self):
            return FRAME.to_numpy()

    assert inputs.read(Frame()).names == ("a", "b")


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((0, 3)), "0 sample"),
        (np.zeros((3, 0)), "0 feature"),
        (np.zeros(3), "1D array"),
        (np.zeros((1, 1, 1, 1, 1)), "5 axes"),
        ([[1.0, np.nan]], "NaN"),
        ([[1.0, np.inf]], "infinity"),
        ([[1e200]], "up to 1e.100"),
        ([["a", "b"]], "[Cc]onvert"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous"),
        ([[1j]], "Complex"),
        (pd.DataFrame({"a": ["red", "blue"]}), "column 'a': 'red'"),
        (pd.DataFrame({"a": pd.Categorical(["red", "blue"])}), "category in column 'a'"),
        (pd.DataFrame({"a": pd.to_datetime(["2026-01-01"])}), "datetime64.* in column 'a'"),
        (pd.DataFrame({"a": [datetime.date(2026, 1, 1)]}), "object in column 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' more than once"),
    ],
)
def test_what_cannot_be_used_is_named(x, said):
    with pytest.raises(ValueError, match=said):
        inputs.read(x)


def test_sparse_matrices_are_refused():
    with pytest.raises(TypeError, match="[Ss]parse"):
        inputs.read(sparse.eye(3).tocsr())


def test_missing_values_may_stay():
    assert np.isnan(inputs.read([[1.0, np.nan]], missing=True).values[0, 1])


def test_columns_are_matched_by_name():
    given = inputs.read(FRAME[["b", "a"]])
    found = inputs.in_order(given, ("a", "b"), 2, "Autoencoder")
    np.testing.assert_array_equal(found.values, FRAME.to_numpy())


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (FRAME.rename(columns={"a": "c"}), "lacks 'a' and has 'c' besides"),
        (FRAME[["a"]], "lacks 'b'"),
        (FRAME.assign(c=1), "has 'c' besides"),
        (FRAME.to_numpy()[:, :1], "1 features, but Autoencoder is expecting 2"),
    ],
)
def test_other_columns_are_named(frame, said):
    with pytest.raises(ValueError, match=said):
        inputs.in_order(inputs.read(frame), ("a", "b"), 2, "Autoencoder")


ANYTHING = st.one_of(
    hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int8, bool, "U3", object]),
        hnp.array_shapes(max_dims=5, max_side=4, min_side=0),
    ),
    st.lists(st.lists(st.one_of(st.floats(), st.none(), st.text(max_size=2)), max_size=3)),
    st.one_of(
        st.none(), st.text(), st.integers(), st.binary(), st.dictionaries(st.text(), st.text())
    ),
)


@settings(max_examples=500, deadline=None)
@given(ANYTHING)
def test_anything_is_read_or_refused_with_a_sentence(x):
    try:
        found = inputs.read(x)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 10
    else:
        assert np.isfinite(found.values).all() and 2 <= found.values.ndim <= 4


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floats_are_read_where_they_lie(kind):
    x = np.ones((5, 2), kind)
    found = inputs.read(x).values
    assert found.dtype == kind and np.shares_memory(found, x)


def test_the_largest_number_may_be_negative():
    with pytest.raises(ValueError, match="X holds 1e.200"):
        inputs.read([[1.0], [-1e200]])
