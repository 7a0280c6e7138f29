# %% [markdown]
# # Deep SVDD on images: one class is normal
#
# **What you will learn**
#
# - how a network learns "normal" from one class of images, without seeing any other;
# - what a decoder (the *hybrid*) and a Mahalanobis distance (the *adaptive* variant) add;
# - why a method is only as good as its distance from a baseline that costs a second;
# - how a threshold is chosen without anomalies, and what it then does on new images;
# - where in an image its score comes from.
#
# **Time** under a minute on two cores.
#
# **Data** scikit-learn's handwritten digits, embedded: 8×8 pixels, enlarged to 28×28. Zeros are
# normal, all other digits are anomalies.

# %%
# %matplotlib inline
import keras
import numpy as np

from recipes.hybrid_svdd_images.recipe import Config, Pretraining, run
from zoo import explain
from zoo.data.arrays.scaling import ContrastNormalizer
from zoo.data.images.datasets import load_images, one_class
from zoo.report import figures

keras.backend.backend()

# %% [markdown]
# ## Train
#
# Everything is in the recipe; a notebook only chooses settings. `Config` is a frozen dataclass
# whose fields are the options of `zoo run hybrid-svdd-images`. Few epochs are enough for digits
# this small.
#
# An autoencoder trains the encoder first. Then each variant starts from its weights: *baseline*
# pulls the embeddings of zeros to one point and scores by the squared distance to it; *hybrid*
# does so while a decoder must still reconstruct the image.

# %%
config = Config(epochs=10, pretraining=Pretraining(epochs=10))
result = run(config)
result.summary

# %%
figures.training_curves(result.history)

# %% [markdown]
# One panel per term of the loss, one line per phase. *compactness* is the mean squared distance to
# the center. It must fall, but a low value proves nothing: a network that maps everything to the
# center has a distance of zero and detects nothing. That is why every fit is examined for
# **collapse**, and why the networks here have no bias terms, which could produce a constant.

# %%
result.model.verdict

# %% [markdown]
# ## Judge
#
# The test images were seen by nobody. Grey rows are baselines on the same pixels.

# %%
columns = ["variant", "kind", "roc_auc", "pr_auc", "precision", "recall", "f1", "best_f1"]
result.comparison[columns].round(3)

# %% [markdown]
# Read the table in three steps.
#
# 1. `roc_auc` needs no threshold: the chance that a random anomaly scores above a random zero.
# 2. `f1`, `precision` and `recall` are taken at a threshold that was fitted on *held-out zeros*
#    only: the 95th percentile of their scores.
# 3. `best_f1` is the best F1 over all thresholds, chosen with the test labels. The last row flags
#    everything, and already gets an F1 far above one half, because nine of ten test images are
#    anomalies here. An F1 means nothing until you know this floor.

# %%
figures.comparison_bars(result.comparison, "roc_auc")

# %% [markdown]
# Zeros are an easy class: nearest neighbours on raw pixels are hard to beat. On MNIST,
# Fashion-MNIST and CIFAR-10 the methods part; RESULTS.md has the numbers over several seeds.
#
# ## Look

# %%
result.figures["samples"]

# %% [markdown]
# Above, the test images with the lowest scores; below, those with the highest. The frame says what
# they are in truth. A mistake is worth more than ten hits: look for a zero that is drawn open or
# slanted, and for another digit that closes to a ring.

# %%
result.figures["score_histogram"]

# %% [markdown]
# Bars are shares of each class. The threshold lies at the upper end of normal scores by
# construction: about one zero in twenty is expected above it, and, with so few zeros held out, the
# share among the test zeros may differ from that.

# %%
result.figures["tsne_hybrid"]

# %% [markdown]
# t-SNE keeps neighbours together and says nothing about distances between groups. The star is the
# center: zeros lie around it, other digits farther away, in groups that the network was never told
# about.
#
# ## Explain
#
# Grad-CAM asks which places of an image the score comes from. The target is the score itself, not
# a class: a one-class network has none. The feature maps are held against those of normal images,
# so that the map shows what is *anomalous* and not what is drawn.

# %%
task = one_class(load_images("digits", seed=config.seed), config.normal_class, seed=config.seed)
normalizer = ContrastNormalizer().fit(task.x_train)
ranked = result.scores.sort_values("score")
shown = np.concatenate([ranked["sample"][:3], ranked["sample"][-5:]])
maps = explain.grad_cam(
    result.model,
    normalizer.transform(task.x_test[shown]),
    normal=normalizer.transform(task.x_train),
)
figures.attribution_grid(
    task.x_test[shown],
    {"hybrid": maps},
    result.scores["score"][shown],
    result.scores["label"][shown],
)

# %% [markdown]
# Each map is scaled to its own maximum, so colours compare places of one image, never images. On a
# zero the map says little: there is hardly any score to explain. On another digit a hot place is
# one where the network's feature maps differ from those of an average zero in a direction that
# raises the score: a stroke where a zero has its hole, or a gap where its outline should be. A
# convolution sees a neighbourhood, so places are right to within a few pixels.
#
# ## Exercises
#
# 1. Take another `normal_class`, 1 and 8 for instance. Which is harder, and what do the most
#    anomalous images of that class look like?
# 2. Set `center_rate=0.1`: the center follows the embeddings. Watch the compactness and the
#    verdict.
# 3. Set `objective="soft-boundary", nu=0.2`. What share of the training images lies outside?
# 4. Give no pretraining, `Pretraining(epochs=0)`. How much of the result was the autoencoder's
#    work?
# 5. With real data: `zoo run hybrid-svdd-images --dataset mnist --seed 0`, and compare with
#    RESULTS.md.
#
# **Pointers** `recipes/hybrid_svdd_images/recipe.py` is the whole experiment;
# `zoo/models/deep_svdd.py` is the method. Ruff et al., *Deep One-Class Classification*, ICML 2018.
