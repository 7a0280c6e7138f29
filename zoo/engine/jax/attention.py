"""Attention whose six products are batched matrix products without a transposed copy.

The products that JAX derives by itself become slow loops in XLA's CPU compiler.
"""

import jax
import jax.numpy as jnp
from jax import lax


def attend(query, key, value, keep=None):
    """Return softmax(QKᵀ/√d) V for each head."""
    n, time, heads, size = query.shape
    flat = (jnp.swapaxes(each, 1, 2).reshape(n * heads, -1, size) for each in (query, key, value))
    if keep is not None:
        keep = keep.reshape(n * heads, *keep.shape[2:])
    found = _attend(*flat, keep)
    return jnp.swapaxes(found.reshape(n, heads, time, size), 1, 2)


@jax.custom_vjp
def _attend(query, key, value, keep):
    return _forward(query, key, value, keep)[0]


def _forward(query, key, value, keep):
    weights = jax.nn.softmax(_product(query, key, 2, 2) * query.shape[-1] ** -0.5)
    kept = weights if keep is None else weights * keep
    return _product(kept, value, 2, 1), (query, key, value, keep, weights, kept)


def _backward(saved, gradient):
    query, key, value, keep, weights, kept = saved
    by_weights = _product(gradient, value, 2, 2)
    if keep is not None:
        by_weights = by_weights * keep
    inner = jnp.sum(by_weights * weights, axis=-1, keepdims=True)
    by_products = weights * (by_weights - inner) * query.shape[-1] ** -0.5
    by_query, by_key = _product(by_products, key, 2, 1), _product(by_products, query, 1, 1)
    by_keep = None if keep is None else jnp.zeros_like(keep)  # it is drawn, not learned
    return by_query, by_key, _product(kept, gradient, 1, 1), by_keep


_attend.defvjp(_forward, _backward)


def _product(a, b, axis_a, axis_b):
    """Return the product of each pair of matrices, summed over an axis of each."""
    return lax.dot_general(a, b, (((axis_a,), (axis_b,)), ((0,), (0,))))
