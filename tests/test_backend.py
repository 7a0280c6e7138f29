"""Backend and device are chosen before Keras loads, so each choice is tried in a fresh process."""

import json
import os
import subprocess
import sys

import pytest

from zoo import backend

pytestmark = pytest.mark.once


WITHOUT = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in {hidden!r} else find(name)
"""


@pytest.fixture
def python(tmp_path):
    """Run code in a new interpreter with no `keras.json`, and return what it did."""

    def run(code: str, hidden: tuple[str, ...] = (), **variables: str):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KERAS_", "JAX_"))}
        return subprocess.run(
            [sys.executable, "-c", WITHOUT.format(hidden=hidden) + code],
            env={**kept, "KERAS_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": "-1", **variables},
            capture_output=True,
            text=True,
        )

    return run


def output(result: subprocess.CompletedProcess) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def error(result: subprocess.CompletedProcess) -> str:
    assert result.returncode != 0, result.stdout
    return result.stderr.strip().splitlines()[-1]


SHOW_CHOICE = "import os, zoo; zoo.tune_process(); print(os.environ.get('KERAS_BACKEND'))"


def test_import_does_nothing(python):
    code = """
import os, sys
before = dict(os.environ)
os.getloadavg = None  # not to be read either
import zoo
assert dict(os.environ) == before
print({'keras', 'numpy', *zoo.backend.BACKENDS} & set(sys.modules))
"""
    assert output(python(code)) == "set()"


def test_subpackages_are_imported_when_they_are_named(python):
    code = "import zoo; print(zoo.detectors.Autoencoder.__name__, 'models' in dir(zoo))"
    assert output(python(code)) == "Autoencoder True"


def test_an_installed_backend_serves_where_keras_would_miss_its_own(python):
    code = "import zoo.models, keras; print(keras.backend.backend())"
    assert output(python(code, hidden=("tensorflow",))) == "jax"
    assert output(python(code, hidden=("tensorflow", "jax"))) == "torch"


def test_tune_process_takes_the_first_installed_backend(python):
    assert output(python(SHOW_CHOICE, hidden=("tensorflow",))) == "jax"
    assert output(python(SHOW_CHOICE, hidden=("tensorflow", "jax"))) == "torch"


def test_tune_process_keeps_what_is_set(python):
    code = "import os, zoo; zoo.tune_process(); print(os.environ['JAX_COMPILATION_CACHE_DIR'])"
    assert output(python(code, JAX_COMPILATION_CACHE_DIR="mine")) == "mine"
    assert output(python(code)).endswith("jax")


def test_tune_process_leaves_a_stated_choice_alone(python):
    assert output(python(SHOW_CHOICE, KERAS_BACKEND="torch")) == "torch"
    assert output(python(SHOW_CHOICE, hidden=("torch",), KERAS_BACKEND="torch")) == "torch"


def test_tune_process_respects_keras_json_if_its_backend_is_installed(python, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    assert output(python(SHOW_CHOICE)) == "torch"
    assert output(python(SHOW_CHOICE, hidden=("torch", "tensorflow"))) == "jax"


def test_a_broken_keras_json_is_passed_over(python, tmp_path):
    (tmp_path / "keras.json").write_text("{")
    assert output(python(SHOW_CHOICE, hidden=("tensorflow",))) == "jax"


@pytest.mark.parametrize("name", backend.installed())
def test_choose_puts_keras_on_backend_and_cpu(python, name):
    code = f"""
import zoo.backend
zoo.backend.choose({name!r}, device="cpu")
import json
print(json.dumps(zoo.backend.describe()))
"""
    described = json.loads(output(python(code)).splitlines()[-1])
    assert described["backend"] == name
    assert described["device"] == "cpu"
    assert described["cores"] >= 1


def test_choose_without_any_backend_says_what_to_install(python):
    result = python("import zoo; zoo.backend.choose()", hidden=backend.BACKENDS)
    assert "pip install 'keras-anomaly-zoo[jax]'" in error(result)


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_choosing_a_missing_backend_says_what_to_install(python, how):
    if how == "argument":
        result = python("import zoo; zoo.backend.choose('torch')", hidden=("torch",))
    else:
        code = "import zoo; zoo.backend.choose()"
        result = python(code, hidden=("torch",), KERAS_BACKEND="torch")
    assert "'torch' is not installed" in error(result)
    assert "pip install 'keras-anomaly-zoo[torch]'" in error(result)


def test_unknown_names_are_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(backend.BackendError, match="'theano' is unknown.*tensorflow, jax, torch"):
        backend.choose("theano")
    with pytest.raises(backend.BackendError, match="'tpu' is unknown.*auto, cpu, gpu"):
        backend.choose("jax", device="tpu")
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_choosing_after_keras_is_imported(python):
    code = "import zoo.backend, keras; print(zoo.backend.choose({!r}))"
    assert output(python(code.format(None), KERAS_BACKEND="jax")) == "jax"
    assert "already runs on 'jax'" in error(python(code.format("torch"), KERAS_BACKEND="jax"))


@pytest.mark.parametrize("name", backend.installed())
def test_a_missing_gpu_is_an_error_that_says_why(python, name):
    code = f"import zoo.backend; zoo.backend.choose({name!r}, device='gpu')"
    result = python(code)
    if result.returncode == 0:
        pytest.skip("this machine has a GPU that CUDA_VISIBLE_DEVICES does not hide")
    assert f"{name} finds no GPU here; CUDA_VISIBLE_DEVICES hides every GPU" in error(result)
