"""The methods that turn a record into its neighbouring versions, where Avro's resolution allows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from codegen.contract import Contract, ContractVersion
from codegen.rendering.type_names import type_names
from codegen.resolution import Resolver
from codegen.resolving.losses import find_losses

_WIDTH: Final = 120


class Steps:
    """The steps from one version of a contract to the next and to the one before."""

    def __init__(self, contract: Contract, version: ContractVersion) -> None:
        self._version = version
        later, earlier = (contract.version(version.number + step) for step in (1, -1))
        self._targets = {
            method: target
            for method, target in (("upgrade", later), ("downgrade", earlier))
            if target is not None and Resolver().can_read(target.record, version.record)
        }

    def imports(self) -> list[str]:
        """For the type checker alone: the versions know each other."""
        numbers = sorted(target.number for target in self._targets.values())
        lines = [f"    from . import v{number} as _v{number}" for number in numbers]
        return ["", "if TYPE_CHECKING:", *lines] if lines else []

    def methods(self) -> list[str]:
        """The lines of the class."""
        return [line for method, target in self._targets.items() for line in self._method(method, target)]

    def _method(self, method: str, target: ContractVersion) -> Iterator[str]:
        module = f"_v{target.number}"
        model = f"{module}.{type_names(target).type(target.record)}"
        yield ""
        yield f"    def {method}(self) -> {model}:"
        yield from _docstring(f"This record as version {target.number} has it.", self._outcome(target))
        yield f"        from . import v{target.number} as {module}"
        yield ""
        yield f"        return self._converted({model})"

    def _outcome(self, target: ContractVersion) -> list[str]:
        losses = find_losses(target.record, self._version.record)
        lost = [f"Lost: {', '.join(losses.dropped)}."] if losses.dropped else []
        changed = [f"Changed: {'; '.join(losses.changed)}."] if losses.changed else []
        filled = [f"Filled with the default: {', '.join(losses.filled)}."] if losses.filled else []
        return [*(lost or ([] if changed else ["Nothing is lost."])), *changed, *filled]


def _docstring(summary: str, sentences: Sequence[str]) -> list[str]:
    line = f'        """{" ".join([summary, *sentences])}"""'
    if len(line) <= _WIDTH:
        return [line]
    import textwrap

    wrapped = [
        part
        for sentence in sentences
        for part in textwrap.wrap(sentence, _WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    ]
    return [f'        """{summary}', "", *(f"        {part}" for part in wrapped), '        """']
