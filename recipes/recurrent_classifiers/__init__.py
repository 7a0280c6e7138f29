"""Recurrent classifiers of rare anomalies in series."""
