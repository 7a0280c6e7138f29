# %% [markdown]
# # Autoencoders on card payments: what cannot be reconstructed is fraud
#
# **What you will learn**
#
# - why a narrow code copies some frauds perfectly, and what noise in training changes;
# - what long tails do to a network that sees them scaled to [0, 1];
# - four rules for a threshold, and whether each keeps its promise of false alarms;
# - how to read which feature made a payment anomalous.
#
# **Time** under a minute on two cores.
#
# **Data** a generated table of card payments, embedded: three long-tailed numbers, four yes-or-no
# columns, about 9 % frauds.

# %%
# %matplotlib inline
import pandas as pd

from recipes.autoencoder_card_fraud.recipe import Config, run
from zoo.data.tables.cards import generate_cards
from zoo.detectors import Autoencoder
from zoo.report import figures

# %% [markdown]
# ## Train on normal payments

# %%
config = Config(rows=3000, epochs=25)
result = run(config)
result.summary

# %%
figures.training_curves(result.history)

# %% [markdown]
# The losses cannot be compared across lines: *denoising* has to repair a damaged row, *dense* only
# has to copy one, and each treatment of the tails has a unit of its own.
#
# ## Judge

# %%
figures.comparison_bars(result.comparison, "pr_auc")

# %% [markdown]
# A fraud here is an unusual *combination* of usual values: an expensive payment, online, without
# PIN. A narrow code (*dense*) learns how to copy each column, and so copies the fraud as well.
# *Denoising* has no narrow code; it learns the way from a damaged row back to where normal rows
# are dense, and that way is long for a combination that never occurs. The names after the comma
# are treatments of long tails: with *none*, one huge distance presses all others into a sliver
# near zero.
#
# Local outlier factor, a baseline without any training to speak of, is the row to beat.

# ## Four rules for one promise
#
# Each rule was asked for the same share of false alarms, and saw held-out normal rows only.

# %%
result.figures["thresholds_alarms"]

# %% [markdown]
# A rule that keeps its promise shows the rate that stands above the column. How many held-out rows
# there are decides: with a few hundred, the percentile for one false alarm in a thousand is simply
# the largest error seen, and even the one for one in a hundred rests on a handful of rows. The
# Gaussian and median + k · MAD assume a shape of the logarithm of errors; they are steady, and
# wrong where the tail has another shape. Peaks over threshold fits the tail alone (extreme value
# theory), and needs rows in it.

# %%
result.figures["thresholds_f1"]

# %%
result.figures["confusion"]

# %% [markdown]
# ## Why was it flagged?

# %%
result.figures["feature_errors"]

# %% [markdown]
# A row is one of the most anomalous payments, a column a feature, a colour its share of that
# payment's error. An error in `online_order` does not say that shopping online is anomalous. It
# says: *given the rest of this payment*, the network expected another value there.
#
# ## The same for one payment
#
# `zoo.detectors.Autoencoder` is this denoising autoencoder behind scikit-learn's interface;
# `explain` speaks of features by name and in their own units.

# %%
table = generate_cards(rows=3000, seed=0)
payments = pd.DataFrame(table.values, columns=list(table.columns))
detector = Autoencoder(epochs=20, random_state=0).fit(payments[table.labels == 0])
why = detector.explain(payments[table.labels == 1], count=3)
why.table().round(2)

# %%
figures.contribution_bars(why.by_feature[0], why.names, why.values[0], why.usual)

# %% [markdown]
# The detector scales each column to unit variance and leaves long tails as they are, so that its
# most anomalous payments are simply the farthest ones. The recipe takes logarithms first, and so
# has to look at combinations. An explanation is also a test of the preparation: if all reasons are
# one feature, look at its distribution.
#
# ## Exercises
#
# 1. Vary `noise` from 0.1 to 2. Where is the plateau, and what happens beyond?
# 2. Give *dense* a code of 1, 2 and 6 numbers. Is a narrower code always better?
# 3. Let anomalies into the training: `split="random", contaminated="keep"`. Which detector suffers
#    least?
# 4. Score the variational autoencoder by `vae_score="elbo"`. Does the divergence help?
# 5. With your own table: `zoo run autoencoder-card-fraud --data my.csv --label-column fraud`;
#    without labels, notebook 09.
#
# **Pointers** `recipes/autoencoder_card_fraud/recipe.py`, `zoo/models/autoencoder.py`,
# `zoo/evaluation/thresholds/`. Vincent et al., ICML 2008; Alain & Bengio, JMLR 2014; Siffer et
# al., *Anomaly Detection in Streams with Extreme Value Theory*, KDD 2017.
