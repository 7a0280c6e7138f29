"""A data set becomes NumPy arrays: sources, images, series, tables, windows, scaling, checks."""
