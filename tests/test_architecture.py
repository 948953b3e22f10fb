"""Who may import whom, beyond what import-linter says: read from the source, so that lazy imports count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("codegen", "producer_api", "consumers", "tools")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
# Only these start, show or measure the API and the consumers.
MAY_KNOW_ALL = {"tools/cli.py", "tools/consume_cli.py", "tools/on_call_cli.py", "tools/rejects.py", "tools/stack.py"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def forbidden(name: str, module: str) -> bool:
    """Whether the file `name` may not import `module`."""
    room = name.partition("/")[0]
    if name.startswith("tools/config/"):
        return is_in(module, "codegen", "producer_api", "consumers") or (
            module != "tools" and is_in(module, "tools") and not is_in(module, "tools.config")
        )
    match room:
        case "codegen":
            return is_in(module, "producer_api", "consumers", "tools")
        case "producer_api" | "consumers":
            other = "consumers" if room == "producer_api" else "producer_api"
            ours_but_config = module != "tools" and is_in(module, "tools") and not is_in(module, "tools.config")
            return is_in(module, other) or ours_but_config
        case _:
            measures = name.startswith("tools/bench/")
            return name not in MAY_KNOW_ALL and not measures and is_in(module, "producer_api", "consumers")


def test_a_room_imports_only_what_it_may() -> None:
    found = [
        f"{name_of(path)} imports {module}"
        for path in MODULES
        for module in imports_of(path)
        if forbidden(name_of(path), module)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("codegen/schema.py", "tools.errors"),
        ("producer_api/app.py", "consumers.loop"),
        ("consumers/loop/loop.py", "tools.errors"),
        ("tools/config/kafka.py", "tools.errors"),
        ("tools/demo.py", "producer_api.app"),
    ],
)
def test_the_rule_sees_what_it_forbids(name: str, module: str) -> None:
    assert forbidden(name, module)


def test_a_module_stays_readable() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 300 and "codegen/models/" not in name} == {}


def test_runtime_code_opens_no_schema_file() -> None:
    rooms = ("producer_api", "consumers")
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in MODULES if name_of(path).startswith(rooms)}
    assert [name for name, text in texts.items() if '.avsc"' in text] == []


def test_the_rooms_cost_nothing_to_enter() -> None:
    for room in ROOMS:
        assert (ROOT / room / "__init__.py").read_text(encoding="utf-8") == ""
