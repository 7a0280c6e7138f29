"""Tables: CSV files, the card-fraud table, splits of normal rows, heavy tails."""
