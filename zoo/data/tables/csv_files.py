"""Read a CSV file that a user brings, with a header, so that errors can name its lines."""

import warnings
from pathlib import Path

import pandas as pd

from zoo.errors import InputError


def read_csv(path: str | Path, what: str) -> pd.DataFrame:
    """Read a CSV file with a header; columns of numbers become numbers, others stay text.

    Args:
        path: CSV file, possibly compressed.
        what: What the file should hold, in the plural, for errors: `"series"`, `"transactions"`.

    Returns:
        The table. Its index `line` holds the line numbers of the file, the header being line 1.

    Raises:
        FileNotFoundError: No such file.
        InputError: Empty, not CSV, without a header, or with a column twice.
    """
    name = str(path)
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"'{name}' does not exist; expected a CSV file of {what} there")
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, encoding="utf-8-sig")
        with warnings.catch_warnings():
            # pandas would drop surplus cells and only warn.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                header=0,
                names=list(header.columns),
                index_col=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
                low_memory=False,
            )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"'{name}' is empty; expected {what} as CSV with a header") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeError, OSError) as error:
        raise InputError(
            f"'{name}' cannot be read as CSV ({str(error).strip()}); repair the file"
        ) from error
    table.columns = _column_names(header.iloc[0], name)
    table.index = pd.RangeIndex(2, len(table) + 2, name="line")
    return table


def _column_names(header: pd.Series, name: str) -> list[str]:
    names = header.fillna("").str.strip()
    if pd.to_numeric(names, errors="coerce").notna().any():
        raise InputError(
            f"'{name}' has no header: its first line is {', '.join(names)}; "
            "expected the names of the columns there"
        )
    twice = names[names.duplicated()]
    if len(twice):
        raise InputError(
            f"'{name}' has the column '{twice.iloc[0]}' more than once; rename or delete one"
        )
    return names.to_list()
