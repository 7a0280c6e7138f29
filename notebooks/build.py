"""Pair the notebooks and execute them.

python notebooks/build.py pair               write each NN_name.ipynb from its NN_name.py
python notebooks/build.py run [NN ...]       execute them into build/notebooks, outputs and all

A notebook is kept twice: as NN_name.py, which is what is edited and reviewed, and as NN_name.ipynb,
for those who open it. The second is made from the first alone: no outputs, no counts, no trace of a
machine, cells numbered in order, so that equal notebooks are equal files.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import jupytext
import nbformat
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / "build" / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources() -> list[Path]:
    """Return the notebooks as Python files, in order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def paired(source: Path) -> NotebookNode:
    """Return the notebook that a Python file in the percent format holds, without any output."""
    notebook = jupytext.read(source, fmt="py:percent")
    cells = [
        (nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell)(
            cell.source, id=f"cell-{number}"
        )
        for number, cell in enumerate(notebook.cells, start=1)
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA, nbformat_minor=5)


def written(notebook: NotebookNode) -> str:
    """Return the text of an .ipynb file."""
    return nbformat.writes(notebook) + "\n"


def execute(source: Path, folder: Path, timeout: float = 600) -> NotebookNode:
    """Run a notebook from top to bottom in a kernel of this Python.

    Args:
        source: The notebook as a Python file.
        folder: Where it runs, and where it may write.
        timeout: Seconds that a cell may take.

    Returns:
        The notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed; the message holds its traceback.
    """
    notebook = paired(source)
    with tempfile.TemporaryDirectory() as own:  # nothing of the user's is read or written
        manager = KernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # this interpreter's alone
            connection_file=str(Path(own, "kernel.json")),
            transport="ipc",
            ip=str(Path(own, "socket")),
        )
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, km=manager, timeout=timeout, resources=resources)
        try:
            client.execute(env=environment(own))
        finally:
            manager.shutdown_kernel(now=True)
    return notebook


def environment(own: str) -> dict[str, str]:
    """Return a kernel's variables: those of this process, the checkout first, its own settings."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **os.environ,
        "OMP_NUM_THREADS": "1",  # on networks this small, threads wait longer than they work
        "PYTHONPATH": path,
        "IPYTHONDIR": str(Path(own, "ipython")),
        "MPLBACKEND": "agg",
    }


def pair() -> None:
    """Write every .ipynb anew."""
    for source in sources():
        source.with_suffix(".ipynb").write_text(written(paired(source)), encoding="utf-8")


def run(names: list[str]) -> None:
    """Execute the notebooks whose names start with one of `names`, all if there is none."""
    OUT.mkdir(parents=True, exist_ok=True)
    for source in sources():
        if names and not source.name.startswith(tuple(names)):
            continue
        print(f"{source.stem} ", end="", flush=True)
        start = perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            notebook = execute(source, Path(folder))
        target = OUT / f"{source.stem}.ipynb"
        target.write_text(written(notebook), encoding="utf-8")
        print(f"{perf_counter() - start:.0f} s -> {target.relative_to(ROOT)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("verb", choices=("pair", "run"))
    parser.add_argument("names", nargs="*", help="numbers of the notebooks to run: 01 07")
    given = parser.parse_args()
    if given.verb == "pair":
        pair()
    else:
        run(given.names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
