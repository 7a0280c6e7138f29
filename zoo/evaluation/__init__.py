"""Is a detector any good? Metrics, thresholds and baselines, in NumPy and scikit-learn."""
