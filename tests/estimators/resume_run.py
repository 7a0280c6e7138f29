"""Fit with a checkpoint and save the weights; `test_resume.py` kills it on the way.

python resume_run.py CHECKPOINT OUT.npz
"""

import sys

import numpy as np

from zoo.estimators import TransformerGAN

X = np.random.default_rng(0).normal(size=(400, 3)).cumsum(axis=0)

detector = TransformerGAN(
    window=6, width=8, blocks=1, heads=2, feed_forward=8, bottleneck=4, coupling="joint",
    epochs=15, patience=15, batch_size=64, random_state=0, checkpoint=sys.argv[1], verbose=2,
).fit(X)  # fmt: skip
np.savez(
    sys.argv[2],
    *(np.asarray(weight) for weight in detector.model_.get_weights()),
    losses=detector.history_["loss"],
)
