"""The pages that nobody writes: one for each module, one for each recipe, and the notebooks.

A module that no group of `GROUPS` names fails `tests/test_docs.py`.
"""

import ast
import importlib
import inspect
import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Title of a group, what it is for, its modules. A package whose `__init__` has `__all__` stands for
# its modules; one of them is named beside it only if it holds more that a reader meets.
GROUPS = {
    "estimators": (
        "Estimators",
        "Data in, decisions out: scikit-learn's outlier interface.",
        ("zoo", "zoo.estimators", "zoo.estimators.calibration", "zoo.estimators.preparation"),
    ),
    "models": (
        "Models and their parts",
        "Keras models that learn and score, and the networks, layers and losses they are made of.",
        (
            "zoo.models",
            "zoo.networks",
            "zoo.layers",
            "zoo.losses",
            "zoo.detector",
            "zoo.many",
            "zoo.collapse",
        ),
    ),
    "judging": (
        "Scores, thresholds, metrics",
        "What becomes of a score, and what it is worth. NumPy and scikit-learn only.",
        ("zoo.thresholds", "zoo.metrics", "zoo.baselines"),
    ),
    "explanations": (
        "Explanations",
        "Which part of a sample made it strange.",
        ("zoo.explain",),
    ),
    "bench": (
        "Measurements",
        "Speed, memory of the past, the same detector on every backend.",
        ("zoo.bench", "zoo.bench.growth", "zoo.bench.results"),
    ),
    "files": (
        "Files, streams, export",
        "What is done with a fitted detector.",
        ("zoo.artifact", "zoo.files", "zoo.stream", "zoo.export"),
    ),
    "data": (
        "Data",
        "From files, or a seed, to NumPy arrays.",
        (
            "zoo.data.table",
            "zoo.data.cards",
            "zoo.data.tails",
            "zoo.data.normals",
            "zoo.data.images",
            "zoo.data.image_files",
            "zoo.data.image_folder",
            "zoo.data.scaling",
            "zoo.data.series",
            "zoo.data.windows",
            "zoo.data.pooled_windows",
            "zoo.data.segments",
            "zoo.data.nab",
            "zoo.data.candles",
            "zoo.data.servers",
            "zoo.data.server_windows",
            "zoo.data.smd",
            "zoo.data.synthetic_candles",
            "zoo.data.synthetic_series",
            "zoo.data.synthetic_servers",
            "zoo.data.imbalance",
            "zoo.data.sources",
            "zoo.data.csv_files",
            "zoo.data.timestamps",
            "zoo.data.checks",
        ),
    ),
    "report": (
        "Reports and figures",
        "What a run leaves behind.",
        (
            "zoo.report.result",
            "zoo.report.figures",
            "zoo.report.projections",
            "zoo.report.run_folder",
            "zoo.report.comparison",
            "zoo.report.comparison_page",
            "zoo.report.bench_page",
            "zoo.report.metric_names",
            "zoo.report.html",
            "zoo.report.config",
            "zoo.report.terminal",
            "zoo.report.strict_json",
        ),
    ),
    "machinery": (
        "Backends and the command line",
        "How one step is taken on each backend, and how the command is read.",
        (
            "zoo.backend",
            "zoo.engine",
            "zoo.engine.batches",
            "zoo.engine.draws",
            "zoo.engine.epochs",
            "zoo.engine.initializers",
            "zoo.engine.means",
            "zoo.engine.optimizers",
            "zoo.engine.samples",
            "zoo.engine.schedules",
            "zoo.engine.steps",
            "zoo.cli",
            "zoo.cli_bench",
            "zoo.cli_detectors",
            "zoo.cli_start",
        ),
    ),
}
LEFT_OUT = tuple(  # each needs its backend
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for backend in ("tensorflow", "jax", "torch")
    for path in sorted((ROOT / "zoo/engine").rglob(f"{backend}.py"))
)


def write_api(folder):
    """Write a page for each group and each module into `folder`, afresh."""
    empty(folder)
    listed, tree = [], ["```{toctree}", ":hidden:", ""]
    for stem, (title, purpose, modules) in GROUPS.items():
        names = ", ".join(f"[{name}](api/{name}.rst)" for name in modules)
        listed += [f"**[{title}](api/{stem}.rst)**. {purpose}  ", f"{names}", ""]
        tree.append(f"api/{stem}")
        (folder / f"{stem}.rst").write_text(group_page(title, purpose, modules), encoding="utf-8")
        for name in modules:
            (folder / f"{name}.rst").write_text(module_page(name), encoding="utf-8")
    (folder / "groups.inc").write_text("\n".join([*listed, *tree, "```", ""]), encoding="utf-8")


def group_page(title, purpose, modules):
    """A heading, and the modules with the first sentence of each."""
    lines = [title, "=" * len(title), "", purpose, ""]
    for name in modules:
        first = (inspect.getdoc(importlib.import_module(name)) or "").split("\n\n")[0]
        lines += [f":doc:`{name} <{name}>`", f"    {' '.join(first.split())}", ""]
    lines += [".. toctree::", "   :hidden:", "", *(f"   {name}" for name in modules), ""]
    return "\n".join(lines)


def module_page(name):
    """What a module says of itself, a table of its names, and each of them in full."""
    module = importlib.import_module(name)
    names = [item for item in public_names(module) if callable(getattr(module, item))]
    lines = [name, "=" * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
    if names:
        lines += [".. autosummary::", "   :nosignatures:", ""]
        lines += [f"   {item}" for item in names] + [""]
    for item in names:
        kind = "class" if inspect.isclass(getattr(module, item)) else "function"
        lines += [f".. auto{kind}:: {name}.{item}", ""]
    return "\n".join(lines)


def public_names(module):
    """`__all__`, or the classes and functions that the module itself defines, in their order."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == module.__name__
    ]


def write_recipes(source, folder):
    """Write a page for each recipe of the folder `source`: its docstring and its settings."""
    from zoo import cli

    empty(folder)
    for path in sorted(source.glob("[!_]*.py")):
        head = cli.read_head(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        paragraphs = ast.get_docstring(tree).split("\n\n")
        lines = [head["name"], "=" * len(head["name"]), "", paragraphs[0], ""]
        for key in ("source", "data", "shows", "time"):
            lines += [f":{key.capitalize()}: {head[key]}"]
        lines += [":Run: ``" + head["run"] + "``", ""]
        lines += ["\n\n".join(paragraphs[2:]), "", "Settings", "--------", ""]
        lines += [".. list-table::", "   :header-rows: 1", "   :widths: 25 25 50", ""]
        for row in (("option", "default", "what it is"), *settings(tree, path)):
            lines += [f"   {'*' if n == 0 else ' '} - {cell}" for n, cell in enumerate(row)]
        (folder / f"{path.stem}.rst").write_text("\n".join(lines) + "\n", encoding="utf-8")


def settings(tree, path, kind="Config", prefix="--"):
    """Option, default and comment of every field of a recipe's `Config`, those inside it too."""
    source = path.read_text(encoding="utf-8").splitlines()
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for field in classes[kind].body:
        if not isinstance(field, ast.AnnAssign):
            continue
        option = prefix + field.target.id.replace("_", "-")
        if (inner := ast.unparse(field.annotation)) in classes:
            yield from settings(tree, path, inner, f"{option}.")
            continue
        default = "required" if field.value is None else f"``{ast.unparse(field.value)}``"
        lines = source[field.lineno - 1 : field.end_lineno]
        comment = " ".join(line.partition("#")[2].strip() for line in lines).strip()
        if choices := re.fullmatch(r"Literal\[(.*)\]", ast.unparse(field.annotation)):
            choices = f"one of {choices[1]}".replace("'", "")
            comment = f"{comment}; {choices}" if comment else choices
        comment = re.sub(r"(?<![\w`])--[\w-]+", r"``\g<0>``", comment)
        yield f"``{option}``", default, comment


def copy_notebooks(source, folder):
    """Put every notebook of `source`, and a page that lists them, into `folder`, afresh."""
    empty(folder)
    notebooks = sorted(source.glob("*.ipynb"))
    for notebook in notebooks:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        content["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        (folder / notebook.name).write_text(json.dumps(content), encoding="utf-8")
    if (source / "pictures").is_dir():
        shutil.copytree(source / "pictures", folder / "pictures")
    lines = ["# Notebooks", ""]
    if notebooks:
        lines += ["```{toctree}", ":maxdepth: 1", "", *(path.stem for path in notebooks), "```"]
    else:
        lines += ["There are none yet."]
    (folder / "index.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def empty(folder):
    """Make the folder, and leave nothing of an earlier build in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
