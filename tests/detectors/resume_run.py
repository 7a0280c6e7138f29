"""Fit with a checkpoint and save the weights; `test_resume.py` kills it on the way.

python resume_run.py CHECKPOINT OUT.npz
"""

import sys

import numpy as np

from zoo.detectors import TransformerGAN


def main(checkpoint, out):
    x = np.random.default_rng(0).normal(size=(400, 3)).cumsum(axis=0)
    detector = TransformerGAN(
        window=6, width=8, blocks=1, heads=2, feed_forward=8, bottleneck=4, coupling="joint",
        epochs=15, patience=15, batch_size=64, random_state=0, checkpoint=checkpoint, verbose=2,
    ).fit(x)  # fmt: skip
    weights = [np.asarray(weight) for weight in detector.model_.get_weights()]
    np.savez(out, *weights, losses=detector.history_["loss"])


if __name__ == "__main__":
    main(*sys.argv[1:])
