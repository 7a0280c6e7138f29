# %% [markdown]
# # SimpleRNN, LSTM and GRU: memory, speed, scores
#
# **What you will learn**
#
# - how far back a recurrent network can see, measured by its gradients;
# - what gates change about that, before training and after it;
# - what a cell costs in parameters and in time on the backend that runs here;
# - whether a longer memory finds more anomalies.
#
# **Time** under a minute on two cores.
#
# **Data** one generated half-hourly series with a daily season, a trend and labelled anomalies;
# embedded.

# %%
# %matplotlib inline
import keras
import numpy as np
import pandas as pd

from zoo.bench import gradient_through_time, throughput
from zoo.data.series.labelled import split_series
from zoo.data.series.synthetic import generate_series
from zoo.detectors import Forecaster
from zoo.evaluation import metrics
from zoo.nn.networks import draw_weights, recurrent
from zoo.report import figures

CELLS = ("rnn", "lstm", "gru")
WINDOW = 36

series = generate_series(count=1, rows=2000, seed=3)[0]
train, valid, test = split_series(series, 0.6, 0.1)
figures.series_grid(
    {series.name: (series.times, series.values[:, 0], series.labels)}, "The series to learn"
)

# %% [markdown]
# ## Before training: what reaches the output
#
# A recurrent network reads a window step by step. How far does the output move when the input at
# one step is changed a little? That is the norm of the derivative ∂z/∂x at that step. Training
# follows the same derivatives backwards: where they are zero, nothing can be learned from that
# step.

# %%
rng = np.random.default_rng(0)
windows = rng.normal(size=(16, WINDOW, 1))
steps_back = pd.Index(np.arange(WINDOW)[::-1], name="steps before the end of the window")
fresh = pd.DataFrame(
    {
        cell: gradient_through_time(draw_weights(recurrent((WINDOW, 1), cell, (32,)), 0), windows)
        for cell in CELLS
    },
    index=steps_back,
)
figures.line_chart(fresh, "How far back untrained cells see", "norm of ∂output / ∂input", log=True)

# %% [markdown]
# Mind the logarithmic axis: a straight line downwards is exponential forgetting. At every step
# back, the derivative is multiplied by one more Jacobian of the cell. If these shrink it, the
# gradient *vanishes*; if they stretch it, it *explodes*.
#
# Who expected the SimpleRNN at the bottom is surprised. Its recurrent weights are drawn
# *orthogonal*, as Keras does: such a matrix turns a vector and never shrinks it, so that only the
# tanh forgets. The gated cells start out *half open*: a GRU keeps about half of its state at each
# step and an LSTM, whose forget gate has a bias of 1, about three quarters. What gates give is not
# a long memory but a *choice*: they can learn to hold at one step and to let go at another. The
# SimpleRNN has no such choice, and nothing keeps its weights orthogonal once training begins.
#
# ## Train three forecasters
#
# Each predicts a row from those before; what it predicts wrong is anomalous. Same seed, same
# windows, same number of units.

# %%
detectors = {
    cell: Forecaster(
        cell=cell, window=WINDOW + 1, units=(32,), epochs=6, learning_rate=5e-3, random_state=0
    ).fit(train.values)
    for cell in CELLS
}
history = pd.concat(
    [
        pd.DataFrame(detector.history_).rename_axis("epoch").reset_index().assign(cell=cell)
        for cell, detector in detectors.items()
    ]
)
figures.training_curves(history)

# %% [markdown]
# ## After training: what is used

# %%
real = detectors["gru"].preparation_.transform(valid.values)[: WINDOW * 5].reshape(5, WINDOW, 1)
trained = pd.DataFrame(
    {
        cell: gradient_through_time(detector.model_.encoder, real)
        for cell, detector in detectors.items()
    },
    index=steps_back,
)
figures.line_chart(
    trained, "How far back the trained cells see", "norm of ∂output / ∂input", log=True
)

# %% [markdown]
# Now the lines show what is *used*, not what could be. The next value depends most on the last
# few, so every cell answers most to those; the level of a line says how strongly, its slope how
# soon the past is forgotten. Compare with the picture before training: a gate that learned to hold
# makes a line flatter, one that learned to forget makes it steeper. A cell need not look a day
# back when the last rows already tell the time of day.
#
# ## Cost and result

# %%
labels = test.labels
table = pd.DataFrame(
    [
        {
            "variant": cell,
            "parameters": detector.model_.count_params(),
            "windows_per_second": throughput(detector.window_scores, test.values, repeats=3),
            "epochs": len(detector.history_["loss"]),
            "roc_auc": metrics.roc_auc(labels, detector.anomaly_score(test.values)),
            "pr_auc": metrics.pr_auc(labels, detector.anomaly_score(test.values)),
        }
        for cell, detector in detectors.items()
    ]
)
keras.backend.backend(), table.round(3)

# %% [markdown]
# A SimpleRNN has one weight matrix for its state, a GRU three, an LSTM four: hence the parameters.
# Speed does not follow them on small networks: most of the time goes into calling 36 steps one
# after another, not into multiplying. TensorFlow and JAX compile this loop; on PyTorch Keras runs
# it step by step in Python on a CPU.

# %%
scores = detectors["gru"].anomaly_score(test.values)
figures.series_scores(
    test.times, test.values[:, 0], scores, detectors["gru"].calibration_.limit, test.labels
)

# %% [markdown]
# The threshold came from held-out training rows, by extreme value theory, for one false alarm in a
# hundred. A spike makes one large error and then a few more, while it is among the rows the
# forecaster looks at. A frozen stretch makes none at its start: the last value is a good forecast
# of the next.
#
# With one series and one seed, differences in the last column are noise; notebook 03 and
# RESULTS.md compare the cells on many series.
#
# ## Exercises
#
# 1. Multiply the SimpleRNN's recurrent weights by 0.8 and by 1.5 before you draw its line
#    (`get_weights`, `set_weights`). Which of them vanishes, and what keeps the other from
#    exploding?
# 2. Set the bias of the LSTM's forget gate to 4 in the same way. How flat does its line get?
# 3. Set `WINDOW = 96`, two days. Does any trained cell look a day back, 48 steps?
# 4. Train for 1 epoch and for 30, and draw the gradients each time. When does memory appear?
#
# **Pointers** `zoo/bench/through_time.py`; Bengio, Simard & Frasconi, *Learning Long-Term
# Dependencies with Gradient Descent is Difficult*, 1994; Pascanu et al., ICML 2013; Jozefowicz et
# al., *An Empirical Exploration of Recurrent Network Architectures*, ICML 2015, on the forget
# gate's bias.
