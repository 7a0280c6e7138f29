"""The real data sets, file by file."""

import pytest


@pytest.fixture
def real_data(data_dir):
    """Return a function that gives the path of a real file, or skips the test and says why."""

    def find(name):
        if not (data_dir / name).exists():
            pytest.skip(f"ZOO_DATA={data_dir} has no {name}")
        return data_dir / name

    return find
