"""A config survives JSON, and its command line gives it again."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import tyro

from zoo.report.config import (
    DataSetting,
    config_from_json,
    config_to_json,
    data_settings,
    flat_config,
    reproducing_command,
)

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Pretraining:
    epochs: int = 5
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Config:
    dataset: Literal["digits", "mnist"] = "digits"
    variants: tuple[str, ...] = ("baseline", "hybrid")
    size: tuple[int, float] = (28, 0.5)
    train: Path | None = None
    limit: float = 1.0
    moving: bool = True
    plot: bool = False
    pretraining: Pretraining = field(default_factory=Pretraining)


CHANGED = Config(
    dataset="mnist",
    variants=("adaptive", "it's"),
    size=(32, 1.0),
    train=Path("my data/btc.csv"),
    limit=float("inf"),
    moving=False,
    plot=True,
    pretraining=Pretraining(epochs=7),
)


@pytest.mark.parametrize("config", [Config(), CHANGED])
def test_a_config_survives_json(config):
    text = json.dumps(config_to_json(config), allow_nan=False)
    assert config_from_json(Config, json.loads(text)) == config


@pytest.mark.parametrize("config", [Config(), CHANGED])
def test_the_command_line_gives_the_config_again(config):
    words = shlex.split(reproducing_command("my_recipe", config))
    assert words[:3] == ["zoo", "run", "my-recipe"]
    assert tyro.cli(Config, args=words[3:]) == config


def test_the_command_names_only_what_differs():
    changed = Config(pretraining=Pretraining(learning_rate=0.01))
    assert reproducing_command("r", Config()) == "zoo run r"
    assert reproducing_command("r", changed, backend="jax", device="cpu") == (
        "zoo run r --pretraining.learning-rate 0.01 --backend jax --device cpu"
    )


def test_a_changed_default_of_a_nested_part_is_compared_with_the_outer_default():
    @dataclass(frozen=True)
    class Outer:
        pretraining: Pretraining = field(default_factory=lambda: Pretraining(epochs=9))

    assert reproducing_command("r", Outer()) == "zoo run r"
    back_to_five = reproducing_command("r", Outer(Pretraining(epochs=5)))
    assert back_to_five == "zoo run r --pretraining.epochs 5"


def test_a_field_of_another_version_is_named():
    with pytest.raises(ValueError, match="has the fields momentum"):
        config_from_json(Config, {"momentum": 0.9})


def test_flat_names_are_dotted():
    assert flat_config(Config())["pretraining.epochs"] == 5
    assert flat_config(config_to_json(Config()))["pretraining.epochs"] == 5


def test_data_settings_are_found_by_their_mark_at_any_depth():
    @dataclass(frozen=True)
    class Coin:
        name: DataSetting[str] = "BTC"
        smooth: bool = False

    @dataclass(frozen=True)
    class Marked:
        window: DataSetting[int | None] = 30
        epochs: int = 4
        coin: Coin = field(default_factory=Coin)

    assert data_settings(Marked()) == ["window", "coin.name"]
    assert data_settings({"window": 30}) == []
    assert config_from_json(Marked, config_to_json(Marked(window=7))) == Marked(window=7)
    assert reproducing_command("a", Marked(window=7)) == "zoo run a --window 7"
