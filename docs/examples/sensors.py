"""Write sensors.csv, two good weeks of a machine, and new.csv, a day that is not.

Run: python sensors.py
"""

import numpy as np
import pandas as pd


def sensors(minutes: int, start: str, seed: int) -> pd.DataFrame:
    """A row a minute; temperature and vibration follow the load."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(start, periods=minutes, freq="min")
    daily = np.sin(2 * np.pi * np.arange(minutes) / 1440)
    load = 50 + 20 * daily + rng.normal(0, 2, minutes)
    temperature = 20 + 0.3 * load + rng.normal(0, 0.5, minutes)
    vibration = 1 + 0.01 * load + rng.normal(0, 0.05, minutes)
    numbers = {"load": load, "temperature": temperature, "vibration": vibration}
    return pd.DataFrame(numbers, index=times.rename("timestamp")).round(3)


if __name__ == "__main__":
    sensors(20_160, "2026-01-05", seed=0).to_csv("sensors.csv")
    day = sensors(1_440, "2026-01-19", seed=1)
    day.iloc[360:380, 1] = 29.0  # cool for twenty minutes, at the height of the load
    day.to_csv("new.csv")
