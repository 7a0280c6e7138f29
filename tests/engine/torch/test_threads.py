"""How many threads torch computes with: those that proved fast, asked anew now and then."""

import keras
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("only torch chooses its threads here", allow_module_level=True)

import torch

from zoo.engine.torch import recording as recordings

ALL = 2


@pytest.fixture
def machine(monkeypatch):
    """A clock that moves while work is done, by so many seconds for each count of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(ALL)
    machine = type("Machine", (), {"now": 0.0, "seconds": {ALL: 1.0, 1: 1.0}})
    monkeypatch.setattr(recordings, "perf_counter", lambda: machine.now)
    yield machine
    torch.set_num_threads(before)


def counts_of(machine, threads, calls):
    """The threads that each of so many calls worked with."""
    used = []

    def work():
        used.append(torch.get_num_threads())
        machine.now += machine.seconds[used[-1]]
        return len(used)

    assert [threads.run(work) for _ in range(calls)] == list(range(1, calls + 1))
    assert torch.get_num_threads() == ALL
    return used


@pytest.mark.parametrize("fastest", [ALL, 1])
def test_after_some_calls_of_each_the_faster_stays(machine, fastest):
    machine.seconds[fastest] = 0.5
    tried = [ALL] * recordings.TIMED + [1] * recordings.TIMED
    rest = [fastest] * (20 - len(tried))
    assert counts_of(machine, recordings.Threads(), 20) == tried + rest


def test_a_busy_moment_does_not_decide_for_good(machine):
    threads = recordings.Threads()
    machine.seconds.update({ALL: 9.0, 1: 1.0})
    assert counts_of(machine, threads, recordings.ASKED_AGAIN)[-1] == 1
    machine.seconds.update({ALL: 0.5, 1: 1.0})
    assert counts_of(machine, threads, 20)[-1] == ALL
