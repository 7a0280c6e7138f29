"""Transformer, contrast and GAN on server metrics."""
