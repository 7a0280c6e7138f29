"""The outcome of a run: its result, run folder, figures, report and comparison tables."""
