"""How many steps are one call: a law of sizes."""

import numpy as np
import pytest

from zoo.engine.steps import CALL_MULTIPLICATIONS, MOST_STEPS, Steps, multiplications


class OnCpu(Steps):
    on_cpu = staticmethod(lambda: True)


@pytest.mark.parametrize("samples", [1, 32, 4096, 10**7])
def test_a_call_takes_no_more_work_than_its_budget_and_at_least_a_step(samples):
    model = type("Model", (), {"trainable_variables": [np.zeros((64, 128)), np.zeros(128)]})
    steps = OnCpu(None, [], model).steps_per_call(samples, (10, 64))
    work = samples * multiplications(model.trainable_variables, (10, 64))
    assert 1 <= steps <= MOST_STEPS
    assert steps == 1 or steps * work <= CALL_MULTIPLICATIONS
    assert steps == MOST_STEPS or (steps + 1) * work > CALL_MULTIPLICATIONS


def test_a_weight_meets_every_row_and_a_kernel_every_pixel():
    assert multiplications([np.zeros((8, 4))], (50, 8)) == 50 * 32
    assert multiplications([np.zeros((5, 5, 1, 8)), np.zeros((100, 10))], (28, 28, 1)) == (
        28 * 28 * 200 + 1000
    )
