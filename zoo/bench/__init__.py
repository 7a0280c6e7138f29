"""Measurements of networks and detectors that need no labels: speed, memory, equal backends."""

from zoo.bench.backends import BackendRuns, under_each_backend
from zoo.bench.speed import throughput
from zoo.bench.through_time import gradient_through_time

__all__ = ["BackendRuns", "gradient_through_time", "throughput", "under_each_backend"]
