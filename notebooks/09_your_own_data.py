# %% [markdown]
# # Your own data: from a CSV file to a saved detector
#
# **What you will learn**
#
# - how to go from a file without labels to a detector with a threshold, in ten cells;
# - what each row of the answer means: score, probability, decision;
# - how to ask which sensor made a row anomalous;
# - how to choose a threshold by what a false alarm costs;
# - how to save the detector, load it elsewhere, and let it watch a stream.
#
# **Time** under a minute on two cores.
#
# **Data** two CSV files that the first cell writes, six sensors of a machine by the minute. Put
# your own in their place.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd

import zoo
from zoo.data.servers.synthetic import generate_servers
from zoo.detectors import Autoencoder
from zoo.detectors.stream import Drift, StreamScorer
from zoo.report import figures

machine = generate_servers(seed=4, train_rows=4000, test_rows=1500, features=6)
names = ["load", "memory", "disk", "network", "heat", "fan"]
minutes = pd.date_range("2025-03-01", periods=5500, freq="min", tz="UTC", name="timestamp")
pd.DataFrame(machine.train, minutes[:4000], names).to_csv("sensors.csv")
pd.DataFrame(machine.test, minutes[4000:], names).to_csv("new.csv")

# %% [markdown]
# ## 1. Read
#
# From here on nothing knows where the files come from.

# %%
past = pd.read_csv("sensors.csv", index_col="timestamp", parse_dates=True)
new = pd.read_csv("new.csv", index_col="timestamp", parse_dates=True)
past.describe().round(2)

# %% [markdown]
# Look before you train: constant columns, impossible values, gaps. The past should be *mostly*
# normal; a few anomalies in it do no harm.
#
# ## 2. Fit
#
# A window of 10 rows makes it a detector of series; without `window` each row would be judged
# alone. Scaling is inside. The last tenth is held out: it decides when to stop, and makes the
# threshold.

# %%
detector = Autoencoder(window=10, network="mlp", epochs=15, random_state=0).fit(past)
figures.training_curves(pd.DataFrame(detector.history_).rename_axis("epoch").reset_index())

# %% [markdown]
# ## 3. Detect

# %%
answer = detector.detect(new)
answer.sort_values("score", ascending=False).head()

# %% [markdown]
# - `score` is the error of reconstructing the window that ends at this row, in scaled units. It
#   has no meaning by itself.
# - `probability` is the share of normal data that scores lower: 0.99 is more anomalous than 99 of
#   100 normal rows. It is *not* the chance of being an anomaly.
# - `anomaly` is the decision at the threshold.
# - `warm_up` marks the first rows, which have no whole window yet.

# %%
figures.series_scores(
    new.index,
    new["heat"],
    answer["score"],
    detector.calibration_.limit,
    value_label="heat",
)

# %% [markdown]
# ## 4. Explain

# %%
why = detector.explain(new, count=3)
why.table(top=2)

# %%
figures.window_contributions(
    why.values[0],
    why.contributions[0],
    why.names,
    times=new.index[why.rows[0] - detector.window + 1 : why.rows[0] + 1],
)

# %% [markdown]
# The table names the sensors that add most to the scores of the most anomalous windows, their
# value there beside the usual one, and their share. The picture shows one of these windows.
# Anomalous is not broken: it says where to look first.
#
# ## 5. Choose the threshold
#
# The question is not "how many anomalies are there" but "how many false alarms can you stand". By
# default it is one normal row in a hundred: at a row a minute, fourteen a day. Nothing is trained
# again.

# %%
pd.Series(
    {
        rate: detector.set_threshold(false_alarm_rate=rate).detect(new)["anomaly"].sum()
        for rate in (0.05, 0.01, 0.001)
    },
    name="rows flagged",
).rename_axis("false alarms stated").to_frame()

# %% [markdown]
# The last one stays: `set_threshold` changes the detector.
#
# ## 6. Save, and load elsewhere
#
# One file with weights, scaling, names of columns and threshold. No pickle, no code: it can be
# read under any backend, and refuses data whose columns differ.

# %%
detector.save("machine.zoo")
same = zoo.load("machine.zoo")
np.abs(same.anomaly_score(new) - detector.anomaly_score(new)).max()

# %% [markdown]
# ## 7. Watch a stream
#
# Rows come one at a time, or a few. The scorer remembers as many rows as a window needs, and gives
# the same scores as the whole series would. With `Drift` the threshold follows slow change.

# %%
stream = StreamScorer(same, drift=Drift(length=500, every=50))
live = pd.concat([stream.push(rows) for _, rows in new.groupby(np.arange(len(new)) // 60)])
live.tail(3)

# %%
figures.series_scores(
    live.index, new["heat"], live["score"], live["threshold"], machine.labels, value_label="heat"
)

# %% [markdown]
# Only now, for once, with the truth: the generator knows its anomalies, and they are shaded. The
# dashed line is the threshold that follows. After a long anomaly look at its height: a threshold
# that adapts too quickly learns the anomaly.
#
# On the command line the same is
#
# ```bash
# zoo fit sensors.csv --window 10 --ignore timestamp --out machine.zoo
# zoo score machine.zoo new.csv --out scores.csv
# tail -f new.csv | zoo watch machine.zoo --adapt
# ```
#
# ## Exercises
#
# 1. Put your own file in place of `sensors.csv`. Which columns should not be features?
# 2. Compare with `Forecaster(window=10)` and `DeepSVDD(window=10)`. Which rows do all three flag?
# 3. Fit without `window`. Which anomalies need time to be seen?
# 4. Cut a column's values out (`np.nan`) and fit with `missing="forward"`. What does the detector
#    say of a gap?
# 5. `detector.export("machine.onnx")` writes a graph for another runtime (needs the extra
#    `export`).
#
# **Pointers** README, *Your own data*; `zoo/detectors/base.py` documents every setting;
# `zoo/detectors/stream.py`; `zoo/evaluation/thresholds/peaks_over_threshold.py` says where the
# threshold comes from.
