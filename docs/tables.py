"""The tables of methods in README.md and docs/methods.md, made from the detectors' docstrings.

python docs/tables.py            exit code 1 and the names of pages whose table is out of date
python docs/tables.py --write    write the tables into the pages

A table stands between the lines `<!-- methods -->` and `<!-- end of methods -->`.
"""

import inspect
import re
import sys
from pathlib import Path

from zoo.detectors import registry

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- methods -->", "<!-- end of methods -->"
PAGES = {"README.md": ("method", "data", "idea"),
         "docs/methods.md": ("method", "data", "idea", "source")}  # fmt: skip
HEADS = {"method": "`--method`", "data": "for", "idea": "idea", "source": "source"}


def rows():
    """Yield a dict of cells for each method of the zoo, in alphabetical order."""
    for name, method in registry.built_in().items():
        detector = method.load()
        source = (inspect.getdoc(inspect.getmodule(detector)) or "").split("\n\n")[1:2]
        yield {
            "method": f"`{name}`",
            "data": kinds(detector),
            "idea": inspect.getdoc(detector).splitlines()[0].rstrip("."),
            "source": " ".join("".join(source).split()).rstrip("."),
        }


def kinds(detector):
    """Return the kinds of data that a detector takes, in words."""
    words = {2: "tables", 4: "images"}
    if detector.window is not None:
        return "series"
    known = [words[axes] for axes in detector.axes if axes in words]
    return ", ".join([*known, "series with `--window`"])


def table(columns):
    """Return the table of methods in Markdown, with these columns."""
    lines = ["| " + " | ".join(HEADS[column] for column in columns) + " |", "|---" * len(columns)]
    lines[1] += "|"
    lines += ["| " + " | ".join(row[column] for column in columns) + " |" for row in rows()]
    return "\n".join(lines)


def filled(text, columns):
    """Return the text of a page with its table of methods made anew.

    Raises:
        ValueError: the page has no pair of marks, or more than one.
    """
    if (text.count(BEGIN), text.count(END)) != (1, 1):
        raise ValueError(f"expected one pair of {BEGIN} and {END} in the page")
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}\n{table(columns)}\n\n{found[2]}", text)


def outdated():
    """Return path to new text of each page whose table is not what the docstrings give."""
    found = {}
    for name, columns in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        new = filled(text, columns)
        if new != text:
            found[ROOT / name] = new
    return found


def main(words):
    pages = outdated()
    for path, text in pages.items():
        if "--write" in words:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)} {'written' if '--write' in words else 'is out of date'}")
    return 1 if pages and "--write" not in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
