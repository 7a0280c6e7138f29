"""Many models of one architecture trained at once: classes and seeds, machines, coins.

On JAX they share what is compiled. On a CPU each core trains models of its own, so that no core
waits for another within a step; on an accelerator all take their steps together, as one program
vectorized over the models. On the other backends they train one after another.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from contextvars import copy_context
from typing import Any, Literal, get_args

import keras
import numpy as np

from zoo import engine
from zoo.backend import core_count
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, arguments
from zoo.models.collapse import Examination
from zoo.training.batches import Batches
from zoo.training.epochs import WHOLE, Call, Epoch, arrays_of, training

FREE = ("name", "seed", "learning_rate")  # settings in which models that are alike may differ
How = Literal["auto", "threads", "vectorized", "turns"]
PLAIN = str | int | float | tuple | list | None  # type: ignore[type-arg]
Models = list[AnomalyModel]


def fit_many(
    models: Sequence[AnomalyModel],
    xs: Sequence[np.ndarray | Batches],
    *,
    ys: Sequence[np.ndarray] | None = None,
    batch_size: int = 32,
    epochs: int = 1,
    seeds: int | Sequence[int] = 0,
    callbacks: Sequence[list[keras.callbacks.Callback]] | None = None,
    how: How = "auto",
) -> list[keras.callbacks.History]:
    """Train several models that are alike, each on data of its own.

    Each model ends up as after its own `fit(Batches(x, batch_size, seed), epochs=epochs)`, to
    rounding: weights, history, verdict, and the warning if it collapsed. Data may differ in
    length. Under JAX, a last batch of another size than those before it is compiled for each of
    its sizes; `Batches(x, batch_size, seed, drop_last=True)` avoids that.

    Args:
        models: compiled; of one class, with equal settings, networks and optimizers. Weights,
            names, seeds and learning rates may differ.
        xs: an array `(n, ...)` for each model, or its `Batches`. One array may stand several times.
        ys: labels `(n,)` for each, of models that need them.
        batch_size: samples a batch, of arrays.
        epochs: passes over the data.
        seeds: of the order of each array, or one for all.
        callbacks: a list for each model; they are called from this thread.
        how: `"threads"`, a model a core; `"vectorized"`, all models in one program; `"turns"`, one
            after another; `"auto"` takes what is fast on this backend and device. The first two
            are JAX'.

    Returns:
        `keras.callbacks.History` of each.

    Raises:
        InputError: models that differ, or data that do not fit them, with what to change.

    Example:
        >>> import zoo
        >>> from zoo.models import DeepSVDD
        >>> from zoo.nn.networks import draw_weights, mlp
        >>> rng = np.random.default_rng(0)
        >>> xs = [rng.normal(size=(n, 4)).astype("float32") for n in (64, 96, 80)]
        >>> models = [DeepSVDD(draw_weights(mlp((4,), (8, 2), bias=False), i)) for i in range(3)]
        >>> for model in models:
        ...     model.compile("adam")
        >>> histories = zoo.fit_many(models, xs, batch_size=16, epochs=2, seeds=[0, 1, 2])
        >>> [len(history.history["loss"]) for history in histories]
        [2, 2, 2]
    """
    models = list(models)
    _require_trainable(models)
    _require_alike(models)
    batches = _as_batches(models, xs, ys, batch_size, seeds)
    if callbacks is not None and len(callbacks) != len(models):
        raise InputError(f"{len(models)} models but {len(callbacks)} lists of callbacks.")
    how = _choose(how, models, batches)

    for model in models[1:] if how != "turns" else ():
        model.share_programs(models[0])
    try:
        examinations = _train(how, models, batches, epochs, callbacks)
        for number, (model, examination) in enumerate(zip(models, examinations, strict=True)):
            history = model.history.history
            model.verdict = examination.verdict(history.get("loss", []), f" (models[{number}])")
            model.after_fit(history)
    finally:
        for model in models[1:] if how != "turns" else ():
            model.own_programs()
    return [model.history for model in models]


def _train(
    how: How, models: Models, batches: list[Any], epochs: int, callbacks: Any
) -> list[Examination]:
    """Train all of `models`; return an `Examination` of each as it was before."""
    room = (0, 0)
    if how != "turns":  # for the longest, so that one program serves all
        rows = [array.shape[0] for each in batches for array in arrays_of(each)[0]]
        room = max(rows, default=0), max(map(len, batches))
    loops = [model.loop(training=True) for model in models]
    passes = [
        Epoch(loop, each, room, at_once=how == "vectorized")
        for loop, each in zip(loops, batches, strict=True)
    ]
    examinations: dict[int, Examination] = {}

    def one(number: int) -> Generator[Call]:
        """Train a model: between two calls, do whatever else a fit does."""
        model, data = models[number], batches[number]
        examinations[number], hook = model.begin_fit(data)
        own = [] if callbacks is None else callbacks[number]
        yield from training(model, passes[number], epochs=epochs, callbacks=[hook, *own], verbose=0)

    with ExitStack() as stack:
        trainings = [stack.enter_context(closing(one(n))) for n in range(len(models))]
        if how == "threads":
            stack.enter_context(engine.on_one_core())
            _in_threads(trainings)
        elif how == "vectorized":
            loops, placed = [each.loop for each in passes], [each.placed for each in passes]
            _together(trainings, engine.VectorizedLoop(loops, placed))
        else:
            for each in trainings:
                for call in each:
                    call()
    return [examinations[number] for number in range(len(models))]


def _in_threads(trainings: list[Any]) -> None:
    """Make the calls of `trainings` in as many threads as there are cores; first come first served.

    Whatever is not a compiled program runs in this thread. So does the first call of each kind,
    for it compiles.
    """
    known: set[Any] = set()
    waiting: dict[Future[None], Any] = {}

    def advance(each: Iterator[Call]) -> None:
        for call in each:
            if call.kind in known:
                waiting[pool.submit(copy_context().run, call)] = each
                return
            call()
            known.add(call.kind)

    def serve(timeout: float | None = None) -> None:
        for done in wait(waiting, timeout, FIRST_COMPLETED).done:
            each = waiting.pop(done)
            done.result()
            advance(each)

    pool = ThreadPoolExecutor(core_count())
    try:
        for each in trainings:
            advance(each)
            serve(timeout=0)
        while waiting:
            serve()
    finally:
        pool.shutdown(cancel_futures=True)


def _together(trainings: list[Any], loop: Any) -> None:
    """Make the calls of `trainings` together, as many at a time as are of one kind."""
    calls = dict(enumerate(next(each, None) for each in trainings))
    while calls := {number: call for number, call in calls.items() if call}:
        kind = next(iter(calls.values())).kind
        some = {number: call for number, call in calls.items() if call.kind == kind}
        loop.run(some)
        calls |= {number: next(trainings[number], None) for number in some}


def _choose(how: How, models: Models, batches: list[Any]) -> How:
    """Return how to train `models`: `how`, or what is fast here."""
    if how not in get_args(How):
        raise InputError(f"how is {how!r}; choose one of {', '.join(get_args(How))}.")
    if how == "auto":
        if not _can_share() or len(models) == 1:
            return "turns"
        how = (
            "vectorized"
            if engine.VectorizedLoop.worthwhile() and not _obstacle(batches)
            else "threads"
        )
    if how != "turns" and not _can_share():
        raise InputError(
            f"how={how!r} needs JAX and the fast engine, and this is {keras.backend.backend()} "
            f"with the {engine.in_use()} one; leave it 'auto'."
        )
    if how == "vectorized" and _obstacle(batches):
        raise InputError(f"how='vectorized' cannot be: {_obstacle(batches)}; leave it 'auto'.")
    return how


def _can_share() -> bool:
    """Return whether models that are alike can share programs: on JAX, by the fast engine."""
    return engine.VectorizedLoop is not None and engine.fast()


def _obstacle(batches: list[Any]) -> str:
    """Return why `batches` cannot lie on the device as one array; empty if they can."""
    found = [arrays_of(each) for each in batches]
    if any(not arrays or arrays[0].nbytes > WHOLE for arrays, _ in found):
        return f"data other than Batches, or of more than {WHOLE >> 30} GiB"
    if len({index for _, index in found}) > 1:
        return "windows are cut from some series, and not, or otherwise, from others"
    if len({len(arrays) for arrays, _ in found}) > 1:
        return "some have weights and others do not"
    return ""


def _as_batches(models: Models, xs: Any, ys: Any, batch_size: int, seeds: Any) -> list[Any]:
    """Return `Batches` for each model, as given or of its array."""
    seeds = [seeds] * len(models) if isinstance(seeds, int | np.integer) else list(seeds)
    ys = [None] * len(models) if ys is None else ys
    for name, given in (("arrays in xs", xs), ("arrays in ys", ys), ("seeds", seeds)):
        if len(given) != len(models):
            raise InputError(f"{len(models)} models but {len(given)} {name}; give one for each.")
    found: list[Any] = []
    for number, (model, x, y, seed) in enumerate(zip(models, xs, ys, seeds, strict=True)):
        if not hasattr(x, "begin_epoch"):
            x = Batches(np.asarray(x), batch_size, seed, None if y is None else np.asarray(y))
        if any(x is other for other in found):
            raise InputError(f"xs[{number}] is the same Batches as another; give each its own.")
        if (getattr(x, "y", None) is not None) != model.needs_labels:
            needs = "with" if model.needs_labels else "without"
            raise InputError(f"{type(model).__name__} learns {needs} labels; see ys[{number}].")
        if not len(x):
            raise InputError(f"xs[{number}] holds no samples.")
        found.append(x)
    shapes = [each.x.shape[1:] for each in found if isinstance(each, Batches)]
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise InputError(
                f"xs[{number}] has samples of shape {shape}, xs[0] of {shapes[0]}; models of one "
                f"architecture take samples of one shape."
            )
    return found


def _require_trainable(models: Models) -> None:
    """Raise InputError unless `models` are compiled `AnomalyModel`s, each once."""
    if not models:
        raise InputError("there are no models to train.")
    for number, model in enumerate(models):
        if not isinstance(model, AnomalyModel):
            raise InputError(
                f"models[{number}] is a {type(model).__name__}, not a zoo AnomalyModel."
            )
        if any(model is other for other in models[:number]):
            raise InputError(f"models[{number}] stands in the list before; give each its own.")
        if not model.compiled:
            raise InputError(f"models[{number}] is not compiled; call its compile() first.")
        if model.run_eagerly:
            raise InputError(f"models[{number}] was compiled with run_eagerly=True; leave it out.")


def _require_alike(models: Models) -> None:
    """Raise InputError unless one program serves all of `models`."""
    first = _settings(models[0])
    for number, model in enumerate(models):
        own = _settings(model)
        differing = [path for path in first | own if first.get(path) != own.get(path)]
        if differing:
            path = differing[0]
            raise InputError(
                f"models[{number}] is not like models[0]: {path} is {own.get(path)}, not "
                f"{first.get(path)}. Models may differ in weights, names, seeds and learning "
                f"rates alone; train others apart."
            )


def _settings(model: AnomalyModel) -> dict[str, Any]:
    """Return all that a compiled step depends on: name of a setting to its value.

    Keras' own configurations say it too, but writing one imports TensorFlow where it is installed.
    """
    found = {"the class": type(model).__name__, **_plain(model.optimizer, "its optimizer")}
    for part, optimizer in getattr(model.optimizer, "by_part", {}).items():
        found |= _plain(optimizer, f"its optimizer of {part}")
    for name in arguments(model):
        value = getattr(model, name)
        if isinstance(value, keras.Model):
            found |= _network(value, name)
        elif isinstance(value, PLAIN):
            found[name] = value
    for index, v in enumerate([*model.variables, *model.optimizer.variables]):
        found[f"variable {index}"] = (tuple(v.shape), str(v.dtype), v.trainable)
    return {name: value for name, value in found.items() if name not in FREE}


def _network(network: keras.Model, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    layers = network._flatten_layers(include_self=False)
    for index, layer in enumerate(layers):
        found |= _plain(layer, f"layer {index} of its {name}")
    operations = getattr(network, "operations", ())  # a Sequential has none
    places = {id(operation): index for index, operation in enumerate(operations)}
    for index, operation in enumerate(operations):
        found[f"what operation {index} of its {name} takes"] = [
            places.get(id(tensor._keras_history.operation))
            for node in operation._inbound_nodes
            for tensor in node.input_tensors
        ]
    return found


def _plain(thing: Any, name: str) -> dict[str, Any]:
    """Return what `thing`, a layer or an optimizer, keeps in public attributes of plain values."""
    found: dict[str, Any] = {name: type(thing).__name__}
    schedule = getattr(thing, "_learning_rate", None)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        found |= _plain(schedule, f"the schedule of {name}")
    policy = getattr(thing, "dtype_policy", None)
    if policy is not None:
        found[f"the precision of {name}"] = policy.name
    for key, value in vars(thing).items():
        if key[0] == "_" or key in FREE or key.endswith("_names"):
            continue
        if callable(value) and hasattr(value, "__qualname__"):
            value = value.__qualname__
        if isinstance(value, PLAIN):
            found[f"{key} of {name}"] = value
    return found
