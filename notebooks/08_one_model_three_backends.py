# %% [markdown]
# # One model, three backends
#
# **What you will learn**
#
# - why one process has one backend, and how to run several all the same;
# - that a detector saved under one backend gives the same scores under the others;
# - that training from the same seed gives nearly the same detector everywhere, and why only
#   nearly;
# - where the time goes on each: start, first call, later calls.
#
# **Time** under a minute on two cores, longer where all three backends are installed and cores are
# busy.
#
# **Data** a generated table of card payments, embedded. Only the backends that are installed here
# take part.

# %%
# %matplotlib inline
import keras
import pandas as pd

from zoo import backend
from zoo.bench import under_each_backend
from zoo.data.tables.cards import generate_cards
from zoo.detectors import Autoencoder
from zoo.report import figures

keras.backend.backend(), backend.installed()

# %% [markdown]
# Keras reads its backend once, when it is first imported: from `KERAS_BACKEND`, or from the choice
# that the zoo makes where nobody chose. There is no switching afterwards. Whoever wants to compare
# starts a process for each, and that is what `under_each_backend` does.
#
# ## Train here

# %%
table = generate_cards(rows=2500, seed=0)
normal = table.values[table.labels == 0]
detector = Autoencoder(units=(64, 64), epochs=15, noise=0.3, random_state=0).fit(normal)
detector.detect(table.values).head()

# %% [markdown]
# ## Move it everywhere, and train it everywhere
#
# Each process reads the file that this one wrote, scores with it, and then fits a detector of its
# own from the same seed.

# %%
runs = under_each_backend(detector, table.values, refit_on=normal, repeats=5)
runs.table.round(2)

# %% [markdown]
# - `start_seconds`: Python, Keras and the backend. Once per process.
# - `first_seconds`: the first scoring. JAX and TensorFlow trace and compile there; PyTorch starts
#   right away.
# - `samples_per_second`: later scorings, when compiled programs are at hand.
# - `fit_seconds`: the whole training, compilation included. For a network this small, overhead
#   decides, not arithmetic: the order may turn on a larger one, or on a GPU.
#
# ## The same scores?

# %%
here = detector.anomaly_score(table.values)
difference = pd.DataFrame(
    {
        "moved": (runs.scores.sub(here, axis=0).abs().div(here, axis=0)).max(),
        "fitted there": (runs.refitted.sub(here, axis=0).abs().div(here, axis=0)).median(),
    }
).rename_axis("backend")
difference

# %% [markdown]
# `moved` is the largest relative difference between the scores of the moved detector and those of
# this process: rounding of 32-bit floats, nothing else. A `.zoo` file holds weights, scaling and
# threshold, and decisions do not depend on where it is read.
#
# `fitted there` is the median relative difference of detectors that were *trained* elsewhere.
# Weights are drawn and batches shuffled by NumPy, so all start from the same numbers and see the
# same data in the same order. The noise of a denoising autoencoder, however, is drawn by the
# backend, and each draws other numbers from the same seed. With `noise=0` the trainings stay
# together for many steps, until rounding has grown.

# %%
figures.table_heat_map(
    runs.refitted.corr(method="spearman")
    .rename_axis("fitted under")
    .rename_axis("compared with", axis=1),
    "Detectors of one seed, trained on different backends, rank payments alike",
    "rank correlation of scores",
)

# %%
limit = detector.calibration_.limit
pd.DataFrame(
    {
        "flagged, moved": (runs.scores > limit).sum(),
        "same decision as here": (runs.scores.gt(limit).eq(here > limit, axis=0)).mean(),
    }
)

# %% [markdown]
# ## Moving a detector by hand
#
# The same in two lines, for two machines:
#
# ```python
# detector.save("payments.zoo")  # here, under JAX for one
# zoo.load("payments.zoo")  # there, with KERAS_BACKEND=torch
# ```
#
# ## Exercises
#
# 1. Set `noise=0.0` and compare `fitted there` again. How many epochs until the trainings part?
# 2. Double `units` until the order of `samples_per_second` changes. Why does it?
# 3. Use a `Forecaster` on a series. Which backend suffers most from a loop over time steps?
# 4. On a GPU: what becomes of `moved`, and what has TensorFloat-32 to do with it?
#
# **Pointers** `zoo/bench/backends.py`, `zoo/detectors/artifact.py`, `zoo/engine/` (the only
# package that names a backend), `tests/test_parity.py` (what is promised, and tested on every
# change).
