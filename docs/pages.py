"""The pages that nobody writes: one for each module, one for each recipe, and the notebooks."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Title of a group, what it is for, its packages: every module of theirs is listed. A module whose
# names its package gives too (in `__all__`) is not listed beside it.
GROUPS = {
    "detectors": (
        "Detectors",
        "Data in, decisions out: scikit-learn's outlier interface.",
        ("zoo", "zoo.detectors"),
    ),
    "models": ("Models", "Keras models that learn and score.", ("zoo.models",)),
    "parts": (
        "Networks, layers, losses",
        "What models are made of, and how they are trained.",
        ("zoo.nn", "zoo.training"),
    ),
    "evaluation": (
        "Scores, thresholds, metrics",
        "What becomes of a score, and what it is worth. NumPy and scikit-learn only.",
        ("zoo.evaluation",),
    ),
    "explanations": (
        "Explanations",
        "Which part of a sample made it anomalous.",
        ("zoo.explain",),
    ),
    "data": ("Data", "From files, or a seed, to NumPy arrays.", ("zoo.data",)),
    "report": ("Reports and figures", "What a run leaves behind.", ("zoo.report",)),
    "bench": (
        "Measurements",
        "Speed, memory of the past, the same detector on every backend.",
        ("zoo.bench",),
    ),
    "machinery": (
        "Backends and the command line",
        "How one step is taken on each backend, and how the command is read.",
        ("zoo.backend", "zoo.engine", "zoo.cli"),
    ),
}
BACKENDS = ("tensorflow", "jax", "torch")  # folders of the engine that need a backend each


def groups():
    """Map the stem of each group's page to its title, its purpose and the names of its modules."""
    return {
        stem: (title, purpose, [name for package in packages for name in listed(package)])
        for stem, (title, purpose, packages) in GROUPS.items()
    }


def listed(package):
    """Return the names of the modules in `package` that say something of their own."""
    own = importlib.import_module(package)
    names = [package] if public_names(own) else []
    for info in pkgutil.iter_modules(getattr(own, "__path__", ())) if package != "zoo" else ():
        name = f"{package}.{info.name}"
        if package == "zoo.engine" and info.name in BACKENDS or info.name.startswith("_"):
            continue
        if info.ispkg:
            names += listed(name)
        elif not shown_by(own, name):
            names.append(name)
    return names


def shown_by(package, name):
    """Whether `package` gives every public name of its module `name`, or there is none."""
    module = importlib.import_module(name)
    given = {id(getattr(package, item)) for item in getattr(package, "__all__", ())}
    return all(id(getattr(module, item)) in given for item in public_names(module))


def write_api(folder):
    """Write a page for each group and each module into `folder`, afresh."""
    empty(folder)
    entries, tree = [], ["```{toctree}", ":hidden:", ""]
    for stem, (title, purpose, modules) in groups().items():
        names = ", ".join(f"[{name}](api/{name}.rst)" for name in modules)
        entries += [f"**[{title}](api/{stem}.rst)**. {purpose}  ", f"{names}", ""]
        tree.append(f"api/{stem}")
        (folder / f"{stem}.rst").write_text(group_page(title, purpose, modules), encoding="utf-8")
        for name in modules:
            (folder / f"{name}.rst").write_text(module_page(name), encoding="utf-8")
    (folder / "groups.inc").write_text("\n".join([*entries, *tree, "```", ""]), encoding="utf-8")


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


def write_recipes(folder):
    """Write a page for each recipe of the package `recipes`: its docstring and its settings."""
    from zoo.cli import main as cli

    empty(folder)
    for name, path in cli.recipe_files().items():
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
        (folder / f"{name}.rst").write_text("\n".join(lines) + "\n", encoding="utf-8")


def settings(tree, path, kind="Config", prefix="--"):
    """Option, default and comment of every field of a recipe's `Config`, those inside it too."""
    source = path.read_text(encoding="utf-8").splitlines()
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    meanings = {ast.unparse(node.targets[0]): ast.unparse(node.value) for node in assigned}
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
        kind = re.sub(r"\w+", lambda word: meanings.get(word[0], word[0]), inner)
        if choices := re.search(r"Literal\[([^\]]*)\]", kind):
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
