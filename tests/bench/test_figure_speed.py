"""Speeds as multiples of the hand-written loop: where the bars start and end, and what is said."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from zoo.bench.figure_speed import speed_bars
from zoo.report.figures.style import PALETTE

pytestmark = pytest.mark.once


def row(model, backend, train, score=None, **more):
    engine = "native" if backend == "native" else "fast"
    found = {"model": model, "backend": backend, "engine": engine, "device": "cpu"}
    found |= {"batch_size": 64, "status": "ok"}
    for verb, ratio in (("train", train), ("score", score)):
        ends = (None, None) if ratio is None else (0.9 * ratio, 1.2 * ratio)
        found |= {
            f"{verb}_ratio": ratio,
            f"{verb}_ratio_low": ends[0],
            f"{verb}_ratio_high": ends[1],
        }
    return found | more


ROWS = [
    row("gru_64", "tensorflow", 0.5, 0.8),
    row("gru_64", "jax", 3.0, 2.0),
    row("gru_64", "native", 1.0, 1.0),
    row("lenet_svdd", "tensorflow", 0.7, 0.9),
    row("lenet_svdd", "jax", None, status="failed"),
    row("lenet_svdd", "native", 1.0, 1.0),
]


def bars_of(ax):
    return {bars.get_label(): bars for bars in ax.containers if hasattr(bars, "patches")}


def test_bars_start_at_the_native_loop():
    training, scoring = speed_bars(ROWS).axes
    bars = bars_of(training)
    assert set(bars) == {"tensorflow", "jax"}
    assert [bar.get_x() + bar.get_width() for bar in bars["tensorflow"]] == pytest.approx(
        [0.5, 0.7]
    )
    assert all(max(bar.get_x(), bar.get_x() + bar.get_width()) >= 1 for bar in bars["tensorflow"])
    (jax,) = bars["jax"]
    assert (jax.get_x(), jax.get_width()) == pytest.approx((1, 2))
    assert to_hex(jax.get_facecolor()) == PALETTE[1].lower()
    assert training.get_xscale() == "log"
    assert [label.get_text() for label in training.get_yticklabels()] == ["gru_64", "lenet_svdd"]
    ends = bars["jax"].errorbar.lines[2][0].get_segments()[0][:, 0]
    np.testing.assert_allclose(ends, [2.7, 3.6])
    assert [text.get_text() for text in scoring.texts if "fail" in text.get_text()] == [
        " jax: failed"
    ]


def test_titles_count_the_networks_on_which_a_backend_wins():
    training, scoring = speed_bars(ROWS).axes
    title = " ".join(training.get_title(loc="left").split())
    assert title == "Training: the best backend beats the hand-written loop on 1 of 2 networks"
    (alone, _) = speed_bars([row("gru_64", "jax", 2.0)]).axes
    assert " ".join(alone.get_title(loc="left").split()).endswith("on 1 of 1 network")


def test_other_engines_are_markers_on_the_line_of_their_backend():
    others = [
        row("gru_64", "jax", 1.4, 0.7, engine="stock"),
        row("gru_64", "jax", 8.0, 0.8, engine="reference"),
        row("gru_64", "tensorflow", 0.2, 0.7, engine="stock"),
    ]
    training, _ = speed_bars(ROWS + others).axes
    lines = {line.get_label(): line for line in training.lines}
    assert lines["stock Keras"].get_xdata() == pytest.approx([1.4, 0.2])
    tensorflow, jax = bars_of(training)["tensorflow"][0], bars_of(training)["jax"][0]
    middle = [bar.get_y() + bar.get_height() / 2 for bar in (jax, tensorflow)]
    assert lines["stock Keras"].get_ydata() == pytest.approx(middle)
    assert lines["reference"].get_xdata() == pytest.approx([8.0])
    assert training.get_xlim()[0] < 0.2 and training.get_xlim()[1] > 8
    labels = {text.get_text(): text.xy[0] for text in training.texts if hasattr(text, "xy")}
    assert labels["3.00"] == 8.0 and labels["0.50"] == 1  # right of bars and markers
    title = " ".join(training.get_title(loc="left").split())
    assert title.endswith("on 1 of 2 networks")  # by the fast engine


def test_names_say_the_batch_size_where_there_are_several():
    rows = [row("gru_64", "jax", 2.0), row("gru_64", "jax", 3.0, batch_size=256)]
    rows.append(row("rnn_64", "jax", 3.0))
    names = [label.get_text() for label in speed_bars(rows).axes[0].get_yticklabels()]
    assert names == ["gru_64\nbatch 64", "gru_64\nbatch 256", "rnn_64"]


def test_without_the_native_loop_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="none has a ratio to the native loop"):
        speed_bars([row("gru_64", "jax", None)])
