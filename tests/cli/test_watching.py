"""A watch goes on through rotation, truncation and broken lines, and ends as a filter should."""

import io
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from zoo.cli.watching import watch
from zoo.detectors import Autoencoder

pytestmark = [
    pytest.mark.once,
    pytest.mark.xdist_group("files"),
    pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning"),
]

TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)).round(3), columns=["a", "b"])


@pytest.fixture(scope="module")
def detector():
    return Autoencoder(epochs=2, units=(4,), random_state=0).fit(TABLE)


@pytest.fixture(scope="module")
def model(detector, tmp_path_factory):
    return detector.save(tmp_path_factory.mktemp("watch") / "m.zoo")


class Following:
    """A watch of a growing file in a thread of its own."""

    def __init__(self, detector, path):
        self.out, self.said = io.StringIO(), io.StringIO()
        options = {"out": self.out, "complain": self.said}
        threading.Thread(
            target=watch, args=(detector, path), kwargs=options, daemon=True
        ).start()  # fmt: skip

    def lines(self, count):
        """Wait for so many scored lines; the numbers they have in the file."""
        deadline = time.monotonic() + 60
        while self.out.getvalue().count("\n") <= count and time.monotonic() < deadline:
            time.sleep(0.02)
        return pd.read_csv(io.StringIO(self.out.getvalue()))["line"].tolist()


def test_a_file_that_is_replaced_is_read_anew(detector, tmp_path):
    path = tmp_path / "x.csv"
    TABLE[:3].to_csv(path, index=False)
    following = Following(detector, path)
    assert following.lines(3) == [2, 3, 4]
    path.rename(tmp_path / "x.csv.1")
    with open(tmp_path / "x.csv.1", "a") as file:  # whoever writes has it open still
        file.write("1,2\n")
    assert following.lines(4) == [2, 3, 4, 5]
    TABLE[3:5][["b", "a"]].to_csv(tmp_path / "new", index=False)
    (tmp_path / "new").rename(path)
    assert following.lines(6) == [2, 3, 4, 5, 2, 3]
    scores = pd.read_csv(io.StringIO(following.out.getvalue()))["score"]
    np.testing.assert_allclose(scores[4:], detector.anomaly_score(TABLE[3:5]), rtol=1e-5)
    assert "x.csv was replaced or cut short" in following.said.getvalue()


def test_a_file_that_is_cut_short_is_read_anew(detector, tmp_path):
    path = tmp_path / "x.csv"
    TABLE[:5].to_csv(path, index=False)
    following = Following(detector, path)
    assert following.lines(5) == [2, 3, 4, 5, 6]
    path.write_text("1,2\n")  # without a header: the columns stay
    assert following.lines(6) == [2, 3, 4, 5, 6, 1]


def test_lines_that_cannot_be_read_are_told_of(detector, tmp_path):
    path, out, said = tmp_path / "x.csv", io.StringIO(), io.StringIO()
    path.write_text('a,b\n1,2\n1,2,3\n1_500,2\n１,2\n1,2,\n1\n,2\ninf,1\n1,"2\n3,4\n')
    assert watch(detector, path, out, follow=False, complain=said) == 3
    assert pd.read_csv(io.StringIO(out.getvalue()))["line"].tolist() == [2, 6, 11]
    assert said.getvalue().splitlines() == [
        "line 3 skipped: 3 cells; expected 2 columns",
        "line 4 skipped: text in column 'a': '1_500'",
        "line 5 skipped: text in column 'a': '１'",
        "line 7 skipped: 1 cell; expected 2 columns",
        "line 8 skipped: 1 missing value, column 'a'",
        "line 9 skipped: 1 infinite value, column 'a'",
        "line 10 skipped: a quotation mark is never closed",
    ]


def test_a_flood_is_scored_as_a_trickle_is(detector, tmp_path):
    many = pd.concat([TABLE] * 200)
    many.to_csv(tmp_path / "x.csv", index=False)
    out = io.StringIO()
    assert watch(detector, tmp_path / "x.csv", out, follow=False) == len(many)
    scores = pd.read_csv(io.StringIO(out.getvalue()))["score"]
    np.testing.assert_allclose(scores, detector.anomaly_score(many), rtol=1e-4, atol=1e-6)


def start(model, *words, **options):
    command = [sys.executable, "-m", "zoo.cli.main", "watch", str(model), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_a_reader_that_leaves_ends_it_silently(model, tmp_path):
    TABLE.to_csv(tmp_path / "x.csv", index=False)
    process = start(model, tmp_path / "x.csv")  # waits for more, and hears that nobody reads
    assert process.stdout.readline() == b"line,score,anomaly,threshold\n"
    process.stdout.close()
    assert process.wait(60) == 0 and process.stderr.read() == b""
    process.stderr.close()


def test_ctrl_c_says_how_far_it_came(model, tmp_path):
    TABLE.to_csv(tmp_path / "x.csv", index=False)
    process = start(model, tmp_path / "x.csv")
    for _ in range(len(TABLE) + 1):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr.read() == b"stopped after 60 rows\n"
    process.stdout.close()
    process.stderr.close()
