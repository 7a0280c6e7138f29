# %% [markdown]
# # A Transformer, contrast and a GAN on server metrics
#
# **What you will learn**
#
# - how a Transformer scores windows of many metrics: by what it cannot reconstruct;
# - what contrast and a GAN are meant to add, and how to see whether they do;
# - why the same model can be reported with an F1 near 1 and with one near the floor;
# - what drift does to a threshold, and what cures it.
#
# **Time** about a minute on two cores.
#
# **Data** 38 generated metrics of a server with daily and weekly cycles, embedded; the test part
# holds spikes, drops, level shifts and changes of variance.

# %%
# %matplotlib inline
from recipes.transformer_gan_servers.recipe import Config, run
from zoo.report import figures

# %% [markdown]
# ## Train
#
# Two models: `gan_joint` (Transformer, contrast and a GAN that judges reconstructions) and the
# `transformer` alone. Small networks, few epochs.

# %%
config = Config(
    variants=("gan_joint", "transformer"),
    blocks=1,
    heads=2,
    width=16,
    feed_forward=32,
    window=40,
    stride=40,
    epochs=6,
)
result = run(config)
result.summary

# %%
figures.training_curves(result.history)

# %% [markdown]
# A GAN's two losses are no measure of progress: each falls only where the other rises. What counts
# is `reconstruction`.
#
# ## Two protocols in one table

# %%
columns = ["variant", "protocol", "kind", "roc_auc", "pr_auc", "f1", "f1_adaptive", "best_f1"]
result.comparison[[name for name in columns if name in result.comparison]].round(3)

# %% [markdown]
# - Rows marked **as published** chose the epoch *and* the threshold that give the best F1 on the
#   test windows. They say what a model could do for someone who already knew the answers.
# - **Honest** rows use the last epoch and a threshold from held-out normal rows (`f1`), or one
#   that adapts to the scores as they come in, without labels (`f1_adaptive`).
#
# A dozen anomalous windows against a hundred normal ones, large and long, are an easy task, and
# many rows are near perfect: do not read a ranking of methods from it. Look instead for a row
# whose `roc_auc` is good and whose `f1` is not, such as that of the discriminator alone or of the
# isolation forest: it orders windows well enough, and its *threshold* is wrong. That is the usual
# failure in production.

# %%
result.figures["scores"]

# %% [markdown]
# ## Drift, and what cures it
#
# The test rows come later than the training rows, and the random walks beneath the metrics have
# moved on. Even normal windows are then harder to reconstruct than in training.

# %%
result.figures["cures"]

# %% [markdown]
# Columns: detector, and whether the test part *continues* the training process (`same`) or starts
# afresh with other phases (`fresh`), as a published generator does. Rows: how row errors become a
# window's score, and where the threshold comes from.
#
# Compare each `fresh` column with its `same`. A threshold from the highest held-out scores
# (percentile, peaks over threshold) knows nothing of a new process: where normal scores have risen
# above it, it flags everything, and F1 falls to that of flagging all. One with a wide margin
# (Gaussian of logs, four deviations) has room for some drift. One that adapts to the scores at
# hand does not depend on the past at all, and pays for it where nothing has changed.

# %%
result.figures["series"]

# %% [markdown]
# ## What the Transformer looks at

# %%
result.figures["attention_anomalous"]

# %% [markdown]
# Each panel is a head: row, the step that looks; column, the step it looks at. Where an event
# begins or ends inside the window, the map often splits there: the steps on both sides look at
# different places. A panel of one colour, as after few epochs in a later layer, is even attention,
# and says nothing. Attention is a view *into* the network, not an explanation of its score. What
# was hardest to reconstruct is closer to one:

# %%
result.top

# %% [markdown]
# ## Exercises
#
# 1. Add `"gan_separate"` and `"contrast"` to the variants. Which part of the whole earns its cost?
# 2. Set `pooling="mean"`. Which anomalies are lost, and why does a quantile of the row errors keep
#    them?
# 3. Set `normalize="reversible"`: each window loses its mean and spread before the network sees
#    it. What becomes of level shifts, and of drift?
# 4. Judge rows instead of windows, `level="points"`, and read `event_f1` beside `f1`.
# 5. Run the source's settings: `zoo run transformer-gan-servers --published`.
#
# **Pointers** `recipes/transformer_gan_servers/recipe.py`, `zoo/models/transformer_gan.py`,
# `zoo/evaluation/thresholds/median_mad.py`. Notebook 10 is about protocols alone.
