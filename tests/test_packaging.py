"""What a user installs: everything the command needs, nothing else, and quick to import."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_library_recipes_and_templates(wheel):
    names = set(wheel.namelist())
    assert {
        "zoo/py.typed",
        "zoo/report/templates/report.html.j2",
        "recipes/hybrid_svdd_images/recipe.py",
        "recipes/gru_svdd_crypto/pictures.py",
    } <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"zoo", "recipes"}


def test_wheel_names_the_command_and_an_extra_per_backend(wheel):
    info = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "zoo = zoo.cli.main:main" in wheel.read(info).decode()
    metadata = wheel.read(info.replace("entry_points.txt", "METADATA")).decode()
    for extra in ("tensorflow", "jax", "torch", "all", "docs", "notebooks", "dev"):
        assert f"Provides-Extra: {extra}\n" in metadata


def test_import_reads_no_backend():
    script = (
        "import sys, zoo; "
        "print({'keras', 'tensorflow', 'jax', 'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()", done.stderr
