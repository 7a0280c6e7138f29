"""Metrics of servers: the Server Machine Dataset, windows of it, generated metrics."""
