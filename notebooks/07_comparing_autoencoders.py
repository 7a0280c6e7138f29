# %% [markdown]
# # Five autoencoders, and what each fails to see
#
# **What you will learn**
#
# - what dense, denoising, variational, recurrent and Transformer autoencoders have in common: the
#   score is the error of reconstruction;
# - that "anomaly" is not one thing: each kind is easy for one network and invisible to another;
# - why whatever is simpler than normal data is reconstructed perfectly, and so never found;
# - what a detector that does not reconstruct sees instead.
#
# **Time** about a minute on two cores.
#
# **Data** generated candles of one coin with five kinds of injected events; embedded.

# %%
# %matplotlib inline
import pandas as pd

from zoo import detectors as methods
from zoo.data.arrays.segments import event_labels
from zoo.data.candles.ohlcv import FEATURES, candle_features
from zoo.data.candles.synthetic import KINDS, generate_candles, inject
from zoo.evaluation import metrics
from zoo.report import figures

train = candle_features(generate_candles(3000, seed=0))
clean = generate_candles(3000, seed=1)
injected, events = inject(clean, per_kind=8, seed=0, margin=40)
normal, anomalous = candle_features(clean), candle_features(injected)
pd.DataFrame(anomalous, columns=list(FEATURES)).describe().round(2)

# %%
events.groupby("kind", sort=False).agg(events=("start", "size")).assign(
    rows=(events["stop"] - events["start"]).groupby(events["kind"]).median()
)

# %% [markdown]
# ## Five ways to reconstruct
#
# All see windows of 16 candles, scaled in the same way, from the same seed.
#
# | | what keeps it from copying everything |
# |---|---|
# | dense | a narrow code of 8 numbers |
# | denoising | noise on its input, which must not reappear in its output |
# | variational | a code that is a distribution, and a price for every bit in it |
# | sequence | one state of a GRU, from which the window is unrolled |
# | Transformer | a narrow code between attention blocks |

# %%
common = {"window": 16, "random_state": 0}
detectors = {
    "dense": methods.Autoencoder(network="mlp", units=(64, 8), noise=0.0, epochs=12, **common),
    "denoising": methods.Autoencoder(
        network="mlp", units=(128, 128), noise=0.5, epochs=12, **common
    ),
    "variational": methods.VariationalAutoencoder(epochs=12, **common),
    "sequence": methods.SequenceAutoencoder(
        cell="gru", units=(32, 8), epochs=6, learning_rate=5e-3, **common
    ),
    "Transformer": methods.TransformerGAN(
        blocks=1,
        heads=2,
        width=16,
        feed_forward=32,
        bottleneck=8,
        contrast_weight=0.0,
        dropout=0.0,
        epochs=6,
        learning_rate=3e-3,
        **common,
    ),
    "Deep SVDD": methods.DeepSVDD(network="mlp", epochs=12, **common),
}
for detector in detectors.values():
    detector.fit(train)

# %%
pd.Series(
    {name: str(detector.model_.verdict) for name, detector in detectors.items()}, name="verdict"
).to_frame()

# %% [markdown]
# Deep SVDD does not reconstruct anything; it is here to compare with.
#
# ## Who finds what
#
# Each event is scored by the window that ends with its last candle, and held against all windows
# of the coin as it was. One half is a coin flip; below it, events look *more* normal than normal
# data do.

# %%
last = events["stop"].to_numpy() - 1
found = pd.DataFrame(
    {
        name: metrics.roc_auc_by_kind(
            detector.anomaly_score(normal)[15:],
            detector.anomaly_score(anomalous)[last],
            events["kind"],
        )
        for name, detector in detectors.items()
    }
).T[list(KINDS)]
figures.table_heat_map(
    found.rename_axis("detector").rename_axis("kind of event", axis=1),
    "Who finds which kind",
    "ROC-AUC of the kind",
)

# %% [markdown]
# Read it by columns.
#
# - Where all rows are near 1, the event is large in single numbers. Any network fails to
#   reconstruct numbers that large, and so would a limit on each feature.
# - **stale feed** is the trap. Nothing moves: a window that is nearly constant is the *simplest*
#   window there is. A narrow code that can say what busy windows look like can say "nothing" as
#   well, and *dense* reconstructs it with hardly any error: to it, a dead feed is the most normal
#   thing in the world.
#
# Read it by rows. *Denoising* and *variational* pay for every departure from usual data, and are
# between. *Sequence* and *Transformer* draw a window rather than copy it: what they draw is as
# lively as usual windows are, and a dead one misses that. Deep SVDD measures a distance to where
# normal windows lie, and being too quiet is a distance like any other.
#
# So the lesson is not which row is best on this data. It is that an error of reconstruction is
# blind to whatever the network reconstructs *too well*, and that you find out only by testing kind
# by kind.
#
# ## The same in time

# %%
labels = event_labels(events, len(injected))
some = slice(0, 900)
figures.series_scores(
    injected.index[some],
    anomalous[some, 0],
    detectors["dense"].anomaly_score(anomalous)[some],
    detectors["dense"].calibration_.limit,
    labels[some],
    value_label=FEATURES[0],
)

# %%
figures.series_scores(
    injected.index[some],
    anomalous[some, 0],
    detectors["Deep SVDD"].anomaly_score(anomalous)[some],
    detectors["Deep SVDD"].calibration_.limit,
    labels[some],
    value_label=FEATURES[0],
)

# %% [markdown]
# Above *dense*, here Deep SVDD, on the same stretch. Look for the two longest shaded events, where
# the line of returns is flat: dead feeds. The error of *dense* rises for as long as the window is
# half alive, then falls below that of any normal window although nothing has got better. Deep SVDD
# stays up until the feed has been alive for a whole window.
#
# Both flag more than the labelled stretches: some because a window that holds the end of an event
# is still anomalous, some because returns are heavy-tailed and one large move is nobody's
# injection.
#
# ## Exercises
#
# 1. Give *dense* codes of 2, 8 and 32 numbers (`units=(64, 2)`, ...). Which columns change?
# 2. Raise the noise of *denoising* to 1 and 2. What becomes of the stale feed, and of the volume
#    burst?
# 3. Score the variational autoencoder by `score_by="elbo"`: does the price of the code see what
#    the error does not?
# 4. Build an ensemble: the mean of `anomaly_probability` of *dense* and Deep SVDD. Is it better
#    than each in its worst column?
# 5. Which simple rule (a limit on one feature, say) finds stale feeds, and why is nobody ashamed
#    of using it?
#
# **Pointers** `zoo/models/autoencoder.py`, `zoo/models/variational_autoencoder.py`,
# `zoo/detectors/`. Malhotra et al., *LSTM-based Encoder-Decoder for Multi-sensor Anomaly
# Detection*, 2016; An & Cho, *Variational Autoencoder based Anomaly Detection using Reconstruction
# Probability*, 2015.
