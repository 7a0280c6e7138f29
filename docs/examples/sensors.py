"""Write sensors.csv, two weeks of a machine that runs well, and new.csv, a day when it does not.

Run: python sensors.py
"""

import numpy as np
import pandas as pd


def sensors(minutes: int, start: str, seed: int) -> pd.DataFrame:
    """A row a minute; temperature and vibration follow the load."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(start, periods=minutes, freq="min")
    load = 50 + 20 * np.sin(2 * np.pi * np.arange(minutes) / 1440) + rng.normal(0, 2, minutes)
    temperature = 20 + 0.3 * load + rng.normal(0, 0.5, minutes)
    vibration = 1 + 0.01 * load + rng.normal(0, 0.05, minutes)
    numbers = {"load": load, "temperature": temperature, "vibration": vibration}
    return pd.DataFrame({"timestamp": times, **{k: v.round(3) for k, v in numbers.items()}})


if __name__ == "__main__":
    sensors(20_160, "2026-01-05", seed=0).to_csv("sensors.csv", index=False)
    day = sensors(1_440, "2026-01-19", seed=1)
    day.loc[360:379, "temperature"] = 29.0  # cool for twenty minutes, at the height of the load
    day.to_csv("new.csv", index=False)
