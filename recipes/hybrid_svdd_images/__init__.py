"""Deep SVDD, its hybrid and its adaptive distance on images."""
