"""The pages of the API reference: which module stands in which group, and a page for each.

A module that is missing here fails `tests/test_docs.py`.
"""

import importlib
import importlib.util
import inspect
import shutil

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
        ("zoo.models", "zoo.networks", "zoo.layers", "zoo.losses", "zoo.detector", "zoo.collapse"),
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
            "zoo.engine.means",
            "zoo.engine.optimizers",
            "zoo.engine.schedules",
            "zoo.cli",
        ),
    ),
}
LEFT_OUT = ("zoo.engine.tensorflow", "zoo.engine.jax", "zoo.engine.torch")  # each needs its backend


def write(folder):
    """Write a page for each group and each module into `folder`, afresh."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for stem, (title, purpose, modules) in GROUPS.items():
        there = [name for name in modules if importlib.util.find_spec(name)]
        if there:
            (folder / f"{stem}.rst").write_text(group_page(title, purpose, there), encoding="utf-8")
        for name in there:
            (folder / f"{name}.rst").write_text(module_page(name), encoding="utf-8")


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
