"""GRU with the Deep SVDD loss on candles."""
