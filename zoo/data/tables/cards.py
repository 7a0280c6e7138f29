"""Card transactions of which few are fraud: the published table, and one drawn from a seed."""

from pathlib import Path

import numpy as np

from zoo.data.sources import locate_by_hand
from zoo.data.tables.table import Table, read_table
from zoo.errors import InputError

FILE = "card_transdata.csv"
ADDRESS = "https://www.kaggle.com/datasets/dhanushnarayananr/credit-card-fraud (needs a login)"
COLUMNS = (
    "distance_from_home",
    "distance_from_last_transaction",
    "ratio_to_median_purchase_price",
    "repeat_retailer",
    "used_chip",
    "used_pin_number",
    "online_order",
)
LABEL = "fraud"

LOG_NORMAL = ((np.log(10), 1.4), (0.0, 1.8), (0.0, 1.1))
"""Mean and standard deviation of the logarithm of each of the first three columns."""
KNOWN_SHOPS = 2.0  # distance from home beyond which a retailer was visited before, as published
CHIP, PIN, ONLINE = 0.35, 0.1, 0.65  # how often each is used

FAR, LONG_WAY, EXPENSIVE = 100.0, 50.0, 4.0
RISK = {
    "far from home": 0.65,
    "long way since the last transaction": 0.7,
    "expensive": 1.0,
    "new retailer": 0.3,
    "chip": -0.35,
    "pin": -0.95,
    "online": 0.7,
}
FRAUD = 1.15  # risk above which a transaction is a fraud


def load_cards(data_dir: str | Path | None = None) -> Table:
    """Load `card_transdata.csv`: seven features of card transactions, about 9 % of them fraud.

    Args:
        data_dir: Folder that holds the file; else `$ZOO_DATA` is looked at.

    Returns:
        The table, its columns in the order of `COLUMNS`.

    Raises:
        FileNotFoundError: The file is not there; says where to download it and to put it.
        InputError: The file is not the expected table.
    """
    path = locate_by_hand(FILE, ADDRESS, data_dir)
    table = read_table(path, LABEL)
    if table.columns != COLUMNS:
        raise InputError(
            f"'{path}' has the features {', '.join(table.columns)}; expected "
            f"{', '.join(COLUMNS)}; read another table as your own, with its label_column"
        )
    return table


def generate_cards(rows: int = 6000, seed: int = 0) -> Table:
    """Draw card transactions of which about 9 % are fraud.

    Distances and the price ratio are log-normal and independent; chip, PIN and online orders are
    coin flips. Fraud adds up risks: an expensive purchase (over 4 times the median) is one when
    ordered online without PIN; a distance over 100 from home or 50 from the last transaction when
    ordered online with neither chip nor PIN. These are the marginals of the published table, and
    the weights that a logistic regression finds in it (one error in 30,000 rows).

    Args:
        rows: Transactions.
        seed: Equal seeds give equal tables.

    Returns:
        The table, its columns in the order of `COLUMNS`.

    Raises:
        InputError: Fewer than 1 row.

    Example:
        >>> table = generate_cards(rows=100)
        >>> table.values.shape, table.columns[2]
        ((100, 7), 'ratio_to_median_purchase_price')
    """
    if rows < 1:
        raise InputError(f"{rows} rows asked for; expected 1 or more")
    rng = np.random.default_rng(seed)
    home, last, ratio = (rng.lognormal(mean, spread, rows) for mean, spread in LOG_NORMAL)
    repeat = home > KNOWN_SHOPS
    chip, pin, online = (rng.random(rows) < often for often in (CHIP, PIN, ONLINE))
    grounds = (home > FAR, last > LONG_WAY, ratio > EXPENSIVE, ~repeat, chip, pin, online)
    risk = sum(weight * ground for weight, ground in zip(RISK.values(), grounds, strict=True))
    values = np.column_stack([home, last, ratio, repeat, chip, pin, online]).astype(np.float32)
    return Table(f"synthetic-cards-{seed}", values, (risk > FRAUD).astype(np.int64), COLUMNS)
