"""A user's own handler: a typed function from the pinned model to effects.

    def notify(event: UserAction) -> list[Produce]: ...

It may take the record as a second argument, for its key, headers and place. It raises TransientError (or what the
standard library raises for connections and time) where the same record may succeed in a moment; anything else that it
raises ends in the dead-letter topic.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.runtime import AvroModel
from consumers.decoding.deserializer import Decoded
from consumers.effects import Effects, Produce
from consumers.faults import ConsumerError
from consumers.handler import Stateless
from consumers.options import ConsumerOptions
from consumers.running.runner import run

# From the event, or from the event and its record.
Function = Callable[..., Effects]
_WITH_RECORD = 2


@dataclass(frozen=True, slots=True)
class FunctionHandler(Stateless):
    """Calls `function` for every record that has a value of the contract; tombstones are counted and passed over."""

    function: Function
    with_record: bool = False

    def handle(self, decoded: Decoded) -> Effects:
        """Raises what the function raises, and TypeError for a result that is no effects."""
        if decoded.value is None:
            return ()
        arguments = (decoded.value, decoded.record) if self.with_record else (decoded.value,)
        effects = tuple(self.function(*arguments) or ())
        for effect in effects:
            if not isinstance(effect, Produce):
                raise TypeError(f"a handler returns effects (Produce), and one of these is a {type(effect).__name__}")
        return effects


def function_handler(function: Any, model: type[AvroModel]) -> FunctionHandler:
    """The handler that calls `function` with records read into `model`. Raises ConsumerError where they do not fit."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    target = function if inspect.isroutine(function) else type(function).__call__
    if not callable(function) or inspect.isclass(function):
        raise ConsumerError(f"the handler {name} is no function: name one that takes a {model.__qualname__}")
    if inspect.iscoroutinefunction(target):
        raise ConsumerError(f"the handler {name} is async; a consumer calls plain functions: write `def`")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        raise ConsumerError(f"the handler {name} does not say which arguments it takes: wrap it in a `def`") from None
    required = [
        p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not 1 <= len(required) <= _WITH_RECORD or any(
        p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters
    ):
        raise ConsumerError(f"the handler {name} takes {len(required)} arguments: it gets the event, and the record")
    wanted = annotated_model(function)
    if wanted is not None and not issubclass(model, wanted):
        raise ConsumerError(
            f"the handler {name} wants {wanted.FULL_NAME} version {wanted.VERSION}, and this consumer reads "
            f"{model.FULL_NAME} version {model.VERSION}: change the annotation, the pin in contract.toml ([readers]), "
            f"or --reader-version"
        )
    return FunctionHandler(function, len(required) == _WITH_RECORD)


def annotated_model(function: Any) -> type[AvroModel] | None:
    """The generated model that the first argument is annotated with, if it is one. Raises ConsumerError."""
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        hints = typing.get_type_hints(target)
    except NameError as error:
        raise ConsumerError(f"the annotations of {target.__qualname__} cannot be read: {error}") from None
    first = next((name for name in inspect.signature(function).parameters), "")
    wanted = hints.get(first)
    is_generated = inspect.isclass(wanted) and issubclass(wanted, AvroModel) and hasattr(wanted, "FULL_NAME")
    return wanted if is_generated else None


def load_function(place: str) -> Function:
    """The function that `place` (`module:function`) names; the current folder counts. Raises ConsumerError."""
    module_name, colon, function_name = place.partition(":")
    if not (module_name and colon and function_name):
        raise ConsumerError(f"{place!r} names no handler: write module:function, such as my_handlers:notify")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise ConsumerError(f"the module {module_name} cannot be loaded: {error}") from error
        raise ConsumerError(
            f"there is no module {module_name} on the path or in {folder}: go to the folder where it is, or set "
            f"PYTHONPATH"
        ) from None
    except Exception as error:
        raise ConsumerError(f"the module {module_name} cannot be loaded ({type(error).__name__}: {error})") from error
    found: Any = module
    for part in function_name.split("."):
        found = getattr(found, part, None)
    if found is None:
        known = ", ".join(
            sorted(n for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module_name)
        )
        raise ConsumerError(f"the module {module_name} has no {function_name}; its functions are: {known or 'none'}")
    return typing.cast("Function", found)


def run_function(place: str, options: ConsumerOptions, name: str | None = None) -> int:
    """Consume with the function at `place` until stopped; the exit code. Raises ConsumerError.

    `name` is what the consumer is called, in its pin, its group and its reports; else it is the function's.
    """
    function = load_function(place)
    return run(
        name or place.rpartition(":")[2].replace(".", "_"),
        options,
        lambda setup, _sending: function_handler(function, setup.deserializer.model),
        in_lanes=True,
    )
