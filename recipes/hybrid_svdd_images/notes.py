"""Notes of the image recipe."""

from recipes.common import collapse_notes


def notes(config, trivial_f1, contestants):
    """Return what a reader of the numbers must know."""
    said = [
        f"best_f1 is chosen on the test labels, as the source does. Calling everything anomalous "
        f"gives {trivial_f1:.3f}, because the other classes make up most of the test set.",
        f"f1, precision and recall are taken at the {config.percentile:g}th percentile of the "
        f"scores of held-out normal images.",
    ]
    if "hybrid" in contestants:
        said.append(
            "The hybrid trains one shared encoder on both losses. In the source's code the "
            "reconstruction loss never reaches the encoder."
        )
    if config.dataset == "cifar10":
        said.append("A CIFAR-10 file that was re-encoded as JPEG is slightly smoother.")
    return (*said, *collapse_notes(contestants))
