"""A run folder appears whole or not at all, and never costs the user an older one."""

import errno
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.report.config import DataSetting
from zoo.report.metric_names import Metric
from zoo.report.run_folder import RunFolder
from zoo.report.saved_run import FILES, RunFolderError, load_run

pytestmark = pytest.mark.once


def save_run(path, result, **options):
    with RunFolder(path, **options) as folder:
        folder.save(result, environment={"backend": "jax"}, command="zoo run blobs")
    return folder


def names(path):
    return sorted(item.name for item in path.iterdir())


def test_a_finished_run_holds_every_file_and_loads(tmp_path, result):
    save_run(tmp_path / "runs" / "a", result)
    assert names(tmp_path / "runs") == ["a"]
    assert set(names(tmp_path / "runs" / "a")) == {*FILES, "comparison.csv", "figures"}
    assert names(tmp_path / "runs" / "a" / "figures") == ["roc.png"]

    run = load_run(tmp_path / "runs" / "a")
    assert (run.recipe, run.config) == ("blobs", {"epochs": 3, "seed": 0})
    assert run.metrics["roc_auc"] == 0.9
    assert run.environment == {"backend": "jax"}
    pd.testing.assert_frame_equal(run.comparison, result.comparison)


def test_a_run_keeps_its_command_its_scores_and_its_history(tmp_path, result):
    save_run(tmp_path / "a", result)
    run = load_run(tmp_path / "a")
    assert run.command == "zoo run blobs"
    pd.testing.assert_frame_equal(run.scores(), result.scores)
    pd.testing.assert_frame_equal(run.history(), result.history)
    config = tmp_path / "a" / "config.json"
    older = json.loads(config.read_text())
    del older["command"]
    config.write_text(json.dumps(older))
    assert load_run(tmp_path / "a").command is None
    (tmp_path / "a" / "scores.csv").write_text("a\n1,2\n1,2,3\n")
    with pytest.raises(RunFolderError, match="scores.csv cannot be read .*; run the recipe again"):
        run.scores()


def test_numbers_that_are_not_finite_become_null(tmp_path, change):
    save_run(tmp_path / "a", change(metrics={"roc_auc": np.float32("nan"), "n_test": np.int64(4)}))
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert metrics == {"roc_auc": None, "n_test": 4}


def test_a_model_is_saved_with_the_run(tmp_path, change):
    class Model:
        def save(self, path):
            Path(path).write_text("weights")

    save_run(tmp_path / "a", change(model=Model()))
    assert (tmp_path / "a" / "model.keras").read_text() == "weights"


def test_an_existing_run_is_refused_before_the_training(tmp_path, result):
    save_run(tmp_path / "a", result)
    with pytest.raises(RunFolderError, match="--overwrite to replace it, or another --out"):
        RunFolder(tmp_path / "a").__enter__()


def test_overwriting_replaces_the_run_and_leaves_nothing_beside_it(tmp_path, result, change):
    save_run(tmp_path / "a", result)
    save_run(tmp_path / "a", change(metrics={"roc_auc": 0.5}), overwrite=True)
    assert load_run(tmp_path / "a").metrics == {"roc_auc": 0.5}
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("content", ["folder", "file"])
def test_overwriting_deletes_nothing_but_run_folders(tmp_path, content):
    thesis = tmp_path / "mine" / "thesis.txt" if content == "folder" else tmp_path / "mine"
    thesis.parent.mkdir(exist_ok=True)
    thesis.write_text("years of work")
    with pytest.raises(RunFolderError, match="is no run folder"):
        RunFolder(tmp_path / "mine", overwrite=True).__enter__()
    assert thesis.read_text() == "years of work"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_run_leaves_no_trace_and_keeps_the_old_one(tmp_path, result, error):
    save_run(tmp_path / "a", result)
    for path in (tmp_path / "a", tmp_path / "new" / "deep" / "b"):
        with pytest.raises(error), RunFolder(path, overwrite=True) as folder:
            folder.save(result, {}, "")
            raise error
    assert names(tmp_path) == ["a"]
    assert load_run(tmp_path / "a").environment == {"backend": "jax"}


def test_a_full_disk_is_one_sentence_and_keeps_the_old_run(tmp_path, result, monkeypatch):
    save_run(tmp_path / "a", result)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(RunFolderError) as caught:
        save_run(tmp_path / "a", result, overwrite=True)
    assert "No space left on device; nothing was kept there; free some space" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["a"]
    assert load_run(tmp_path / "a").environment == {"backend": "jax"}


def test_the_old_run_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path, result, monkeypatch
):
    save_run(tmp_path / "a", result)
    rename = Path.rename

    def refuse_the_new_one(self, target):
        if ".incomplete-" in self.name:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new_one)
    with pytest.raises(KeyboardInterrupt):
        save_run(tmp_path / "a", result, overwrite=True)
    assert names(tmp_path) == ["a"]
    assert load_run(tmp_path / "a").environment == {"backend": "jax"}


def test_a_parent_that_cannot_be_made_is_an_error_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot make the run folder .*give another --out"):
        RunFolder(tmp_path / "file" / "a").__enter__()


def test_two_runs_of_one_name_both_survive(tmp_path, result):
    with (
        pytest.warns(UserWarning, match="written by another run meanwhile"),
        RunFolder(tmp_path / "a") as slow,
    ):
        slow.save(result, {"backend": "torch"}, "")
        save_run(tmp_path / "a", result)
    assert load_run(tmp_path / "a").environment == {"backend": "jax"}
    assert load_run(tmp_path / "a-2").environment == {"backend": "torch"}
    assert slow.path == tmp_path / "a-2"


def test_a_run_that_saved_nothing_is_not_published(tmp_path):
    with pytest.raises(RuntimeError, match="nothing was saved"), RunFolder(tmp_path / "a"):
        pass
    assert names(tmp_path) == []


def test_an_incomplete_folder_names_what_is_missing(tmp_path, result):
    save_run(tmp_path / "a", result)
    (tmp_path / "a" / "history.csv").unlink()
    (tmp_path / "a" / "report.html").unlink()
    with pytest.raises(RunFolderError, match=r"incomplete: history.csv, report.html missing"):
        load_run(tmp_path / "a")


def test_damaged_and_later_folders_are_refused(tmp_path, result):
    save_run(tmp_path / "a", result)
    config = tmp_path / "a" / "config.json"
    config.write_text(config.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(RunFolderError, match="has format 99, this zoo reads 1"):
        load_run(tmp_path / "a")
    config.write_text('{"format": 1}')
    with pytest.raises(RunFolderError, match="config.json lacks recipe and config"):
        load_run(tmp_path / "a")
    config.write_text("{")
    with pytest.raises(RunFolderError, match="config.json is damaged"):
        load_run(tmp_path / "a")
    with pytest.raises(RunFolderError, match="does not exist"):
        load_run(tmp_path / "b")


def test_a_file_and_a_table_without_variants_are_named(tmp_path, result):
    save_run(tmp_path / "a", result)
    with pytest.raises(RunFolderError, match="metrics.json is a file; give the run folder"):
        load_run(tmp_path / "a" / "metrics.json")
    (tmp_path / "a" / "comparison.csv").write_text("roc_auc\n0.5\n")
    with pytest.raises(RunFolderError, match="comparison.csv has no column 'variant'"):
        load_run(tmp_path / "a")


def test_what_a_recipe_declares_comes_back_and_an_older_folder_declares_nothing(tmp_path, result):
    @dataclass(frozen=True)
    class Chosen:
        coin: DataSetting[str] = "BTC"
        seed: int = 0

    lead = Metric("Lead", "Time before the event.", unit=" min", best="largest", floor=0.5)
    declared = replace(result, config=Chosen(), own_metrics={"lead": lead})
    with RunFolder(tmp_path / "new") as folder:
        folder.save(declared, {}, "zoo run blobs")
    run = load_run(tmp_path / "new")
    assert run.data_settings == ("coin",) and run.own_metrics == {"lead": lead}
    path = tmp_path / "new" / "config.json"
    config = json.loads(path.read_text())
    older = {name: config[name] for name in config if name not in ("data_settings", "own_metrics")}
    path.write_text(json.dumps(older))
    run = load_run(tmp_path / "new")
    assert run.data_settings == () and run.own_metrics == {}
    path.write_text(json.dumps(config | {"own_metrics": {"lead": {"heading": "Lead"}}}))
    with pytest.raises(RunFolderError, match="config.json is damaged"):
        load_run(tmp_path / "new")


def test_the_report_knows_the_metrics_that_a_recipe_declares(tmp_path, result):
    lead = Metric("Lead time", "Minutes before the event.", unit=" min")
    declared = replace(result, metrics={"lead": 3.0}, own_metrics={"lead": lead})
    with RunFolder(tmp_path / "new") as folder:
        folder.save(declared, {}, "zoo run blobs")
    page = (tmp_path / "new" / "report.html").read_text()
    assert "Lead time" in page and "3.0 min" in page and "Minutes before the event." in page
