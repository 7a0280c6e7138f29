"""Price candles: reading files of them, and generating them."""
