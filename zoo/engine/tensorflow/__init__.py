"""Steps and kernels on TensorFlow."""
