"""Attention as batched matrix products."""

import tensorflow as tf


def attend(query, key, value, keep=None):
    """Return softmax(QKᵀ/√d) V for each head."""
    query, key, value = (tf.transpose(each, (0, 2, 1, 3)) for each in (query, key, value))
    products = tf.matmul(query * query.shape[-1] ** -0.5, key, transpose_b=True)
    weights = tf.nn.softmax(products)
    found = tf.matmul(weights if keep is None else weights * keep, value)
    return tf.transpose(found, (0, 2, 1, 3))
