"""Samples a second: the first call, in which backends compile, does not count."""

import time

import pytest

from zoo.bench import throughput

pytestmark = pytest.mark.once


def test_the_first_call_is_not_counted():
    calls = []

    def score(x):
        calls.append(len(x))
        time.sleep(0.5 if len(calls) == 1 else 0.01)

    found = throughput(score, range(100), repeats=3)
    assert calls == [100] * 4
    assert 500 < found <= 10_000  # with the first call it would be near 200


def test_needs_samples_and_calls():
    with pytest.raises(ValueError, match="expected 1 or more of each"):
        throughput(sum, [])
    with pytest.raises(ValueError, match="0 calls to time"):
        throughput(sum, [1], repeats=0)
