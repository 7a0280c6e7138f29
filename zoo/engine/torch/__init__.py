"""Steps and kernels on PyTorch."""
