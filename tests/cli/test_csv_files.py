"""Detectors on files: what is read, what is written, and what is said when it cannot be."""

import io
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli import csv_files as files
from zoo.cli import main as cli
from zoo.cli.watching import watch
from zoo.detectors import Autoencoder, Forecaster, registry

QUICK = {"epochs": 3, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}
TIME = np.arange(400)
TABLE = pd.DataFrame(
    {
        "timestamp": pd.date_range("2026-01-01", periods=400, freq="min").astype(str),
        "cpu": np.sin(TIME / 9) + 0.05 * np.random.default_rng(0).normal(size=400),
        "memory": np.cos(TIME / 7) + 0.05 * np.random.default_rng(1).normal(size=400),
        "label": 0,
    }
)
TABLE.loc[350:353, ["cpu", "label"]] = [9.0, 1]
FEATURES = ["cpu", "memory"]

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("files")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    TABLE.to_csv(folder / "data.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def detector():
    normal = TABLE.loc[TABLE["label"] == 0, FEATURES]
    return Forecaster(**QUICK, units=(8,), window=4).fit(normal)


@pytest.fixture(scope="module")
def model(folder, detector):
    return detector.save(folder / "model.zoo")


@pytest.fixture
def run(capsys):
    """Run `zoo` in this process; exit code, standard output and standard error."""

    def run(*words):
        code = cli.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


class TestReading:
    def test_takes_numbers_and_leaves_labelled_anomalies_out(self, folder):
        table, labels, _ = files.read_features(folder / "data.csv", ["timestamp"], "label")
        assert list(table.columns) == FEATURES and len(table) == 396 and not labels.any()

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (
                "time,a\n2026-01-01 00:00,1\n2026-01-01 00:01,2\n",
                "times in column 'time'.*--ignore",
            ),
            ("a,name\n1,x\n2,y\n", "text in column 'name': 'x'"),
            ("a,label\n1,0\n2,1\n", "looks like labels; give --label-column label"),
            (
                "a,b\n1,2\n,3\n",
                "has 1 missing value, in line 3, column 'a'; .* give --missing mean",
            ),
            ("", "is empty"),
            ("a,a\n1,2\n", "'a' more than once"),
            ("1,2\n3,4\n", "has no header"),
        ],
    )
    def test_what_cannot_be_learned_from_is_named(self, tmp_path, content, said):
        (tmp_path / "x.csv").write_text(content)
        with pytest.raises(ValueError, match=said):
            files.read_features(tmp_path / "x.csv")


class TestExplaining:
    def test_the_strangest_line_is_told_with_what_made_it_strange(self, run, folder, model):
        code, said, _ = run("explain", model, folder / "data.csv", "--count", 1, "--top", 1)
        assert code == 0
        line = next(line for line in said.splitlines() if "cpu" in line).split()
        assert 352 <= int(line[0]) <= 355 and line[2:4] == ["1", "cpu"] and line[-1].endswith("%")

    def test_the_table_goes_to_a_file_that_is_not_overwritten(self, run, folder, model, tmp_path):
        words = ("explain", model, folder / "data.csv", "--out", tmp_path / "why.csv")
        assert run(*words)[0] == 0
        table = pd.read_csv(tmp_path / "why.csv")
        assert list(table["rank"]) == [1, 2] * 5 and set(table["feature"]) == set(FEATURES)
        code, _, said = run(*words)
        assert code == 2 and "why.csv exists already; give --overwrite" in said

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("nothing.csv",), "'nothing.csv' does not exist"),
            (("data.csv", "--method", "magic"), "--method is 'magic'; choose one of auto, error"),
            (("data.csv", "--count", "0"), "--count is 0"),
            (("empty.csv",), "has a header and no rows"),
        ],
    )
    def test_says_what_is_wrong(self, run, folder, model, monkeypatch, words, said):
        monkeypatch.chdir(folder)
        (folder / "empty.csv").write_text("cpu,memory\n")
        code, _, error = run("explain", model, *words)
        assert code == 2 and said in error


class TestScoring:
    def test_a_file_scores_as_it_does_in_memory(self, folder, detector, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "CHUNK", 37)  # windows cross the seams
        assert files.score_file(detector, folder / "data.csv", tmp_path / "s.csv") == 400
        found = pd.read_csv(tmp_path / "s.csv")
        expected = detector.detect(TABLE[FEATURES])
        np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5)
        np.testing.assert_array_equal(found["anomaly"], expected["anomaly"])
        np.testing.assert_array_equal(found["warm_up"], expected["warm_up"])
        assert found["line"].tolist() == list(range(2, 402))

    def test_nothing_is_left_of_a_run_that_failed(self, detector, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "CHUNK", 50)
        broken = TABLE[FEATURES].astype(object)
        broken.loc[200, "cpu"] = "broken"
        broken.to_csv(tmp_path / "x.csv", index=False)
        with pytest.raises(ValueError, match="'broken' in line 202"):
            files.score_file(detector, tmp_path / "x.csv", tmp_path / "s.csv")
        assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("cpu\n1\n", "has no column 'memory'"),
            ("cpu,memory\n1,2\n", "1 rows, fewer than the window of 4"),
            ("cpu,memory\n", "header and no rows"),
            ("", "is empty"),
        ],
    )
    def test_other_files_are_refused(self, detector, tmp_path, content, said):
        (tmp_path / "x.csv").write_text(content)
        with pytest.raises(ValueError, match=said):
            files.score_file(detector, tmp_path / "x.csv", tmp_path / "s.csv")

    def test_a_file_that_exists_is_kept(self, folder, detector, tmp_path):
        (tmp_path / "s.csv").write_text("mine")
        with pytest.raises(FileExistsError, match="--overwrite"):
            files.score_file(detector, folder / "data.csv", tmp_path / "s.csv")
        assert (tmp_path / "s.csv").read_text() == "mine"


class TestWatching:
    def test_a_line_in_is_a_line_out(self, folder, detector):
        out = io.StringIO()
        assert watch(detector, folder / "data.csv", out, follow=False) == 400
        found = pd.read_csv(io.StringIO(out.getvalue()))
        expected = detector.anomaly_score(TABLE[FEATURES])
        assert found["score"].isna().sum() == 3  # the warm-up
        np.testing.assert_allclose(found["score"][3:], expected[3:], rtol=1e-5)
        assert set(found.loc[found["anomaly"] == 1, "line"]) >= {352, 353, 354, 355}

    def test_a_line_that_cannot_be_read_is_told_of_and_skipped(self, detector, tmp_path):
        lines = TABLE[FEATURES].head(20).to_csv(index=False).splitlines()
        broken = [*lines[:10], "1.0", "x,2", ",3", "inf,1", *lines[10:]]
        (tmp_path / "x.csv").write_text("\n".join(broken))
        out, complaints = io.StringIO(), io.StringIO()
        watch(detector, tmp_path / "x.csv", out, follow=False, complain=complaints)
        assert [line.split()[1] for line in complaints.getvalue().splitlines()] == [
            "11", "12", "13", "14",
        ]  # fmt: skip
        found = pd.read_csv(io.StringIO(out.getvalue()))
        expected = detector.anomaly_score(TABLE[FEATURES].head(20))
        np.testing.assert_allclose(found["score"][3:], expected[3:], rtol=1e-5)

    def test_blank_lines_count_and_a_huge_number_is_skipped(self, detector, tmp_path):
        lines = TABLE[FEATURES].head(10).to_csv(index=False).splitlines()
        (tmp_path / "x.csv").write_text("\n".join([*lines[:6], "", "1e200,1", *lines[6:]]))
        out, complaints = io.StringIO(), io.StringIO()
        watch(detector, tmp_path / "x.csv", out, follow=False, complain=complaints)
        found = pd.read_csv(io.StringIO(out.getvalue()))
        assert found["line"].tolist() == [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]
        assert complaints.getvalue() == "line 8 skipped: 1 value beyond 1e+100, column 'cpu'\n"

    def test_a_growing_file_is_followed(self, detector, tmp_path):
        path, out = tmp_path / "x.csv", io.StringIO()
        lines = TABLE[FEATURES].head(30).to_csv(index=False).splitlines(keepends=True)
        path.write_text("".join(lines[:10]))
        watcher = threading.Thread(target=watch, args=(detector, path, out), daemon=True)
        watcher.start()
        with open(path, "a") as file:
            file.write("".join(lines[10:]))
        deadline = time.monotonic() + 60
        while out.getvalue().count("\n") < 31 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert out.getvalue().count("\n") == 31

    def test_a_header_without_a_feature_is_refused(self, detector, tmp_path):
        (tmp_path / "x.csv").write_text("cpu\n1\n")
        with pytest.raises(ValueError, match="lacks the columns memory"):
            watch(detector, tmp_path / "x.csv", io.StringIO(), follow=False)

    def test_a_table_without_names_takes_cells_by_place(self, tmp_path):
        detector = Autoencoder(**QUICK, units=(4,)).fit(TABLE[FEATURES].to_numpy())
        (tmp_path / "x.csv").write_text("1,2\n3,4\n")
        out = io.StringIO()
        assert watch(detector, tmp_path / "x.csv", out, ["a", "b"], follow=False) == 2


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
class TestCommands:
    def test_fit_score_inspect_watch(self, run, folder, tmp_path):
        model, scores = tmp_path / "m.zoo", tmp_path / "s.csv"
        code, out, _ = run(
            "fit", folder / "data.csv", "--out", model, "--method", "forecaster", "--ignore",
            "timestamp", "--label-column", "label", "--epochs", 2, "--window", 4, "--units", 8,
            "--random-state", 0,
        )  # fmt: skip
        assert code == 0 and "396 rows of 2 features" in out and f"saved: {model}" in out
        assert zoo.load(model).get_params()["window"] == 4
        code, out, _ = run("inspect", model)
        assert code == 0 and "cpu, memory" in out and "forecaster" in out
        code, out, _ = run("score", model, folder / "data.csv", "--out", scores)
        assert code == 0 and "400 rows in" in out and len(pd.read_csv(scores)) == 400
        code, out, _ = run("watch", model, folder / "data.csv", "--stop", "--adapt")
        assert code == 0 and out.count("\n") == 401

    def test_help_lists_the_methods_without_keras(self):
        code = """if True:
            import sys
            from zoo.cli import main as cli
            assert cli.main(["fit", "--help"]) == 0
            assert cli.main(["fit", "a.csv", "--out", "m.zoo", "--method", "nope"]) == 2
            sys.exit(", ".join({"keras", "numpy", "tyro"} & set(sys.modules)) or 0)"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert all(f"  {name}\n" in done.stdout for name in registry.names())
        assert "there is no method 'nope'" in done.stderr

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["fit", "{data}", "--out", "{new}", "--method", "autoencodr"], "mean 'autoencoder'?"),
            (["fit", "nothing.csv", "--out", "{new}"], "'nothing.csv' does not exist"),
            (
                ["fit", "{data}", "--out", "{new}", "--batch-size", "0", "--ignore", "timestamp"]
                + ["--label-column", "label"],
                "--batch-size is 0; give a whole number (1 to 10,000,000)",
            ),
            (["fit", "{data}", "--out", "{model}"], "exists already; give --overwrite"),
            (["fit", "{data}", "--out", "/nowhere/m.zoo"], "/nowhere does not exist"),
            (["fit", "{data}", "--out", "{new}", "--label-column", "fraud"], "no column 'fraud'"),
            (["score", "nothing.zoo", "{data}", "--out", "{new}"], "expected a .zoo file there"),
            (["score", "{data}", "{data}", "--out", "{new}"], "is no .zoo file"),
            (["score", "{model}", "nothing.csv", "--out", "{new}"], "'nothing.csv' does not exist"),
            (["watch", "{model}", "nothing.csv"], "'nothing.csv' does not exist"),
            (["inspect", "{data}"], "is no .zoo file"),
        ],
    )
    def test_errors_are_one_line(self, run, folder, model, tmp_path, words, said):
        places = {"data": folder / "data.csv", "model": model, "new": tmp_path / "new"}
        code, _, error = run(*(word.format(**places) for word in words))
        assert code == 2 and said in error and "Traceback" not in error
        assert not (tmp_path / "new").exists()
