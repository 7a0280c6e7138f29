# %% [markdown]
# # Recurrent classifiers of rare anomalies
#
# **What you will learn**
#
# - what changes when anomalies are *labelled*: from one-class learning to classification;
# - why the scaling of the input can matter more than the choice of the cell;
# - what an LSTM learns before it sees any label, and whether that helps;
# - what to do when three rows in a hundred are anomalies;
# - why a Z-score belongs in every comparison.
#
# **Time** about a minute on two cores.
#
# **Data** eight generated series with seasons, a trend, and labelled spikes, level shifts, bursts
# of noise and frozen stretches; embedded.

# %%
# %matplotlib inline
from recipes.recurrent_classifiers.recipe import Config, run

# %% [markdown]
# ## Train
#
# Each series is split by time: 60 % to learn, 20 % to choose thresholds, 20 % to judge. Windows
# never cross these borders. Fewer cells, inputs and epochs than the recipe's default keep this
# short.

# %%
config = Config(
    cells=("rnn", "gru"),
    inputs=("raw", "minmax"),
    cures=("none", "downsampling"),
    stride=5,
    units=16,
    epochs=5,
    pretraining_epochs=5,
)
result = run(config)
result.summary

# %%
result.figures["series"]

# %% [markdown]
# Shaded rows are labelled. The daily season is larger than most anomalies: no fixed limit on the
# value separates them, which is what makes these series a task at all.
#
# ## Cells and inputs

# %%
result.figures["cells_by_input"]

# %% [markdown]
# Each cell was trained anew on each input from the same weights. `raw` values lie far from zero,
# and saturate the units of a recurrent cell: its gradients vanish, and it has little left to tell
# a spike from a season. `minmax` brings each series to −1 … 1 with the extremes of *its training
# rows*.

# %%
result.figures["training_cells"]

# %% [markdown]
# Thin lines with points are validation. Compare the panels before you compare the cells.
#
# ## Everything in one table

# %%
result.figures["table"]

# %% [markdown]
# - **Z-score** and **rolling Z-score** cost no training. A recurrent classifier is worth its price
#   only where its row is better than theirs: the column `pr_auc_over_z_score` below says by how
#   much.
# - **lstm forecast error** never saw a label. It is scored by how wrong its prediction of the next
#   value was.
# - **pretrained lstm** is the classifier that starts from that forecaster's weights.
# - Rows with another `imbalance` differ only in what was done about rare labels.
#
# The spread over seeds is of the same size as many differences here; this is one seed. RESULTS.md
# has more, on the Numenta benchmark.

# %%
columns = ["variant", "input", "imbalance", "pr_auc", "pr_auc_over_z_score", "f1", "fit_seconds"]
result.comparison[columns].round(3)

# %% [markdown]
# The threshold of every row, the Z-scores' included, gave the best F1 on the *validation* part,
# with its labels. A one-class detector has no such luxury.

# %%
result.figures["flags"]

# %% [markdown]
# One series of the test part, with what the best row on validation flags. Look at the edges: a
# classifier of windows goes on flagging for some rows after an event, since the event is still in
# its window, and says so late at the start of it.

# %%
print(*result.notes, sep="\n\n")

# %% [markdown]
# ## Exercises
#
# 1. Set `label="window"`: a window is anomalous when *any* of its rows is. Why does every number
#    rise, and why is that no better detector?
# 2. Divide each window by its L2 norm, `inputs=("l2",)`. Which kinds of anomaly can then not be
#    seen?
# 3. Vary `window` from 6 to 48. What does the SimpleRNN do with the longest? Notebook 06 shows
#    why.
# 4. Freeze the pretrained LSTM for all epochs, `frozen_epochs=5`. What was learned without labels?
# 5. Take your own folder of CSV files with `timestamp,value,label`: `Config(data="my_series")`.
#
# **Pointers** `recipes/recurrent_classifiers/recipe.py`, `zoo/models/classifier.py`,
# `zoo/models/forecaster.py`. Malhotra et al., ESANN 2015; Lin et al., *Focal Loss*, ICCV 2017.
