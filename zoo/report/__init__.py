"""What a run leaves behind: its result, run folder, figures, report and comparison tables."""
