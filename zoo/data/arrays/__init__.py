"""What arrays of any kind need: checks, scaling, windows, segments, class balance."""
