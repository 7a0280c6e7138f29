"""One optimizer for each part of a model, carried by Keras as if it were one."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="zoo")
class PartOptimizers(keras.optimizers.Optimizer):
    """An optimizer per named part of a model.

    Keras threads one optimizer through `fit`, checkpoints and `.keras` files. This one is that
    optimizer; its variables are those of all parts. Callbacks that read or set `learning_rate`
    (`ReduceLROnPlateau`, `LearningRateScheduler`) act on the first part.

    Args:
        optimizers: dict from part name to `keras.optimizers.Optimizer`.
    """

    def __init__(
        self, optimizers: dict[str, keras.optimizers.Optimizer], name: str = "part_optimizers"
    ):
        super().__init__(learning_rate=0.0, name=name)
        self.by_part = dict(optimizers)  # Keras' callbacks would iterate over `optimizers`

    def build_parts(self, variables: dict[str, Any]) -> None:
        """Create the state of every optimizer; `variables` maps part name to its variables."""
        for part, optimizer in self.by_part.items():
            if not optimizer.built:
                optimizer.build(variables[part])
        super().build([v for part in self.by_part for v in variables[part]])

    @property
    def variables(self) -> list[keras.Variable]:
        return self._variables + [v for o in self.by_part.values() for v in o.variables]

    @property
    def learning_rate(self) -> Any:
        return next(iter(self.by_part.values())).learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        next(iter(self.by_part.values())).learning_rate = value

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        raise RuntimeError("PartOptimizers moves nothing itself; apply the optimizer of a part.")

    def finalize_variable_values(self, var_list: Any) -> None:
        wanted = {id(variable) for variable in var_list}
        for optimizer in self.by_part.values():
            own = [v for v in optimizer._trainable_variables if id(v) in wanted]
            optimizer.finalize_variable_values(own)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "optimizers": {
                part: keras.saving.serialize_keras_object(optimizer)
                for part, optimizer in self.by_part.items()
            },
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> PartOptimizers:
        optimizers = {
            part: keras.saving.deserialize_keras_object(optimizer, custom_objects)
            for part, optimizer in config["optimizers"].items()
        }
        return cls(optimizers, name=config["name"])
