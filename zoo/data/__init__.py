"""A data set becomes NumPy arrays: sources, images, candles, windows, scaling, checks."""
