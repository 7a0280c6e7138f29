"""Time series: files, timestamps, windows pooled over several series, generated series."""
