"""Tools for arrays of any kind: checks, scaling, windows, segments, class balance."""
