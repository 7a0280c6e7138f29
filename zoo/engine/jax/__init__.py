"""Steps and kernels on JAX."""
