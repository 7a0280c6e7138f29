"""Anything may be handed to `fit`, to scoring, to the reader: scores come back, or a sentence."""

import warnings
from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zoo.detectors import Autoencoder, artifact, registry
from zoo.detectors.artifact import ArtifactError
from zoo.detectors.examples import tiny
from zoo.detectors.stream import StreamScorer

pytestmark = [
    pytest.mark.xdist_group("fuzz"),
    pytest.mark.filterwarnings("ignore"),
]
EXAMPLES = settings(
    max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
TINY = {"epochs": 1, "random_state": 0, "units": (2,)}
SANE = np.random.default_rng(0).normal(size=(40, 2)) * [1, 100]

floats = st.one_of(
    st.floats(-10, 10),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e30, -1e30, 5e-324, np.nan, np.inf, 1e308]),
)
arrays = st.one_of(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=4, max_side=6, min_side=0),
               elements=floats),
    hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 3)), elements=floats),
    hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 3)),
               elements=st.floats(-1e30, 1e30)),
    hnp.arrays(st.sampled_from([np.int8, np.uint64, bool, np.float16, "U2", "M8[s]", object]),
               hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)),
)  # fmt: skip
cells = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), floats, st.text(max_size=2))
frames = st.builds(
    lambda rows, names: pd.DataFrame(rows, columns=names[: len(rows[0])]),
    st.lists(st.tuples(cells, cells), min_size=1, max_size=8),
    st.sampled_from([["a", "b"], ["b", "a"], ["a", "a"], [0, 1], ["a", "c"]]),
)
ragged = st.lists(st.lists(cells, max_size=3), max_size=5)
anything = st.one_of(arrays, frames, ragged, st.none(), st.text(), st.integers())


def finite_or_a_sentence(judge, x):
    """`judge(x)` gives finite scores, or raises what a user can act on."""
    try:
        scores = judge(x)
    except (ValueError, TypeError) as error:
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        module = trace.tb_frame.f_globals["__name__"].partition(".")[0]
        assert module in ("zoo", "sklearn", "numpy", "pandas"), f"raised in {module}: {error}"
        assert len(str(error)) > 10
    else:
        assert np.isfinite(np.asarray(scores, dtype=float)).all()


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="500 fits: where none is compiled")
@pytest.mark.parametrize("missing", ["error", "mean"])
@EXAMPLES
@given(x=anything)
def test_fit(missing, x):
    detector = Autoencoder(**TINY, network="mlp", missing=missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finite_or_a_sentence(lambda x: detector.fit(x).anomaly_score(x), x)


@pytest.fixture(scope="module")
def fitted():
    """Fit a detector of each method, once."""
    return cache(lambda kind: tiny(kind, epochs=1).fit(SANE))


@pytest.fixture(scope="module")
def table():
    return Autoencoder(**TINY, missing="mean").fit(pd.DataFrame(SANE, columns=["a", "b"]))


@pytest.mark.parametrize("kind", registry.classes().values(), ids=lambda kind: kind.__name__)
@settings(EXAMPLES, max_examples=100)
@given(x=anything)
def test_score(fitted, kind, x):
    finite_or_a_sentence(fitted(kind).anomaly_score, x)


@EXAMPLES
@given(x=anything)
def test_push_to_a_stream(table, x):
    stream = StreamScorer(table)
    finite_or_a_sentence(lambda x: stream.push(x)["score"], x)
    assert np.isfinite(stream.push(SANE)["score"]).all()  # and none spoils it


@EXAMPLES
@given(
    start=st.integers(0, 10**6),
    content=st.binary(max_size=300),
    cut=st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_read_an_artefact(table, tmp_path_factory, start, content, cut):
    folder = tmp_path_factory.getbasetemp()
    good, bad = folder / "fuzz_good.zoo", folder / "fuzz_bad.zoo"
    if not good.exists():
        table.save(good)
    whole = bytearray(good.read_bytes())
    start %= len(whole)
    whole[start : start + len(content)] = content
    bad.write_bytes(whole if cut is None else whole[: cut % len(whole)])
    try:
        found = artifact.read(bad)
    except ArtifactError as error:
        assert str(bad) in str(error)
    else:
        assert found == artifact.read(good)
