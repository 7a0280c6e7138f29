# %% [markdown]
# # A GRU with the Deep SVDD loss on candles
#
# **What you will learn**
#
# - how a window of a series becomes one vector, and its distance to a center a score;
# - how to measure a detector where nobody has labels: inject anomalies of known kind;
# - which kinds of market move the network finds, and which a baseline finds as well;
# - what moving the center during training changes;
# - which feature made a window anomalous, and when.
#
# **Time** about a minute on two cores.
#
# **Data** a generator (GARCH volatility, heavy tails, a daily cycle), embedded: one coin to learn
# from, another to judge.

# %%
# %matplotlib inline
import pandas as pd

from recipes.gru_svdd_crypto.recipe import Config, run
from zoo.data.candles.ohlcv import FEATURES, candle_features
from zoo.data.candles.synthetic import KINDS, generate_candles
from zoo.detectors import DeepSVDD
from zoo.report import figures

# %% [markdown]
# ## Train on one coin, judge another
#
# The source project uses two GRU layers of 256 units. A smaller network and every eighth window
# keep this notebook short; `Config()` alone is the full run.
#
# The features of a candle are free of price level and volatility, else a model of one coin would
# call every candle of another anomalous.

# %%
config = Config(embedding=24, stride=8, epochs=4, events=10)
result = run(config)
result.summary

# %%
figures.training_curves(result.history)

# %% [markdown]
# *moving* and *fixed* start from the same weights and the same center. With *moving*, the center
# follows the mean embedding of each batch by a small step. If the lines lie on each other, the
# step is so small that it hardly matters; exercise 1 makes it large.

# %%
result.model.verdict

# %% [markdown]
# ## Without labels: the most anomalous windows

# %%
result.figures["price"]

# %%
result.top

# %% [markdown]
# Each mark is the last candle of a window, and the table says what happened in it. This is what a
# user of the detector sees: no score is right or wrong yet. Whether such windows are
# *interesting*, only someone who knows the market can say.
#
# ## With injected events: which kinds are found
#
# To measure, the recipe changes a copy of the test coin: a crash and recovery within minutes, a
# pump and dump, a burst of volume, a feed that stands still, a burst of volatility. Windows that
# hold a whole event are held against all windows of the coin as it was.

# %%
columns = [f"roc_auc_{kind}" for kind in KINDS]
by_kind = result.comparison.set_index("variant")[columns].rename(
    columns=lambda name: name.removeprefix("roc_auc_")
)
figures.table_heat_map(by_kind, "Which kinds each detector finds", "ROC-AUC of the kind")

# %% [markdown]
# Go through the columns. A kind with values near 1 everywhere is easy: it makes large numbers, and
# anything finds large numbers. The stale feed is the opposite: its candles are *smaller* than any
# normal ones. A detector that scores by size or by what it cannot reconstruct (PCA) finds it
# *less* anomalous than normal data, below one half. A distance to a center or to neighbours in a
# learned space does not have this blindness, for being too quiet is also a distance.

# %%
result.figures["tsne_moving"]

# %% [markdown]
# Windows of the test coin; anomalies are the injected events, and what is flagged has a ring.
# Overlapping windows share most of their candles, so neighbours here are mostly neighbours in
# time. t-SNE keeps neighbourhoods and no distances: flagged windows at the rim of the cloud are
# far from the center in the embedding, others are so only there.
#
# ## The threshold

# %%
result.comparison[
    ["variant", "threshold", "anomaly_rate", "precision", "recall", "roc_auc", "pr_auc"]
]

# %% [markdown]
# `anomaly_rate` is the share of windows above the 95th percentile of held-out scores *of the
# training coin*. If it differs much from one in twenty, the two coins differ, and a threshold that
# was right for one is not for the other. Precision is low by construction: among thousands of
# normal windows, a few per cent of false alarms outnumber the few injected events.
#
# ## Why: which feature, and when
#
# `zoo.detectors.DeepSVDD` is the same method behind scikit-learn's interface. It takes the series
# as it is, and says of each window what made it anomalous.

# %%
candles = {
    "train": candle_features(generate_candles(2000, seed=config.seed)),
    "test": candle_features(generate_candles(2000, seed=config.seed + 1, start="2025-02-01")),
}
detector = DeepSVDD(
    window=30, network="gru", units=(24, 24), epochs=4, learning_rate=3e-3, random_state=0
).fit(pd.DataFrame(candles["train"], columns=list(FEATURES)))
why = detector.explain(pd.DataFrame(candles["test"], columns=list(FEATURES)), count=3)
why.table(top=2).round(2)

# %%
figures.window_contributions(
    why.values[0],
    why.contributions[0],
    why.names,
    title="What raised the score of the first window",
)

# %% [markdown]
# Contributions are integrated gradients on the way from an average window to this one, and add up
# to the difference of their scores. Shades show when: with a recurrent network, look whether the
# end of the window weighs more than its start. If it does, the network has half forgotten the
# start (notebook 06).
#
# ## Exercises
#
# 1. Set `center_rate=0.1` for the moving center. What becomes of the loss, and of `verdict`?
# 2. Compare cells: `cell="lstm"`, then `"rnn"`. Does the order of kinds change?
# 3. Widen the window to 60. Which kinds gain, which lose, and why should a crash of six candles
#    care?
# 4. Take your own candles: `Config(train="BTC.csv", test="ETH.csv")`, columns as exchanges export
#    them.
#
# **Pointers** `recipes/gru_svdd_crypto/recipe.py`; `zoo/data/candles/synthetic.py` says how each
# event is made. Notebook 07 meets the stale feed again, with autoencoders.
