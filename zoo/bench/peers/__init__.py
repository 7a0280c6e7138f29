"""The zoo's models compared with those of PyOD and DeepOD, where these are installed."""
