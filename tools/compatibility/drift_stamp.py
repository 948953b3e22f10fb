"""Remembers a comparison that found no drift, so that the next one of the very same files need not render them again.

Rendering is pure: the same contracts and the same generator make the same files. So the contents of all that goes into
a comparison, as one digest, prove its outcome; times and sizes prove nothing, and are not looked at. The stamp is local
(`.pipeline/` is in no repository and no copy of one), and `python -m codegen --check` never reads it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from codegen.contract import Contract

_STAMP: Final = Path(".pipeline") / "no-drift.sha256"


def is_proved(root: Path, digest: str) -> bool:
    """Whether a comparison of just these contents has found no drift."""
    try:
        return (root / _STAMP).read_text(encoding="utf-8") == digest
    except (OSError, UnicodeDecodeError):
        return False


def remember(root: Path, digest: str) -> None:
    """Keep the digest for the next time; where nothing can be written, the next time renders."""
    stamp = root / _STAMP
    draft = stamp.with_name(f".{stamp.name}.{os.getpid()}")
    with suppress(OSError):
        stamp.parent.mkdir(exist_ok=True)
        draft.write_text(digest, encoding="utf-8")
        draft.replace(stamp)


def digest_of(root: Path, contracts: Sequence[Contract]) -> str | None:
    """SHA-256 of the contracts as they were read, of the generator and the models, and of the Python that renders.

    None where some file cannot be read: whoever compares has to say what comes of it.
    """
    digest = hashlib.sha256()
    try:
        for part in (*_contract_parts(contracts), *_code_parts(root / "codegen"), sys.version.encode()):
            digest.update(b"%d:" % len(part))  # so that no two lists of parts look the same
            digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()


def _contract_parts(contracts: Sequence[Contract]) -> Iterator[bytes]:
    for contract in contracts:
        yield repr(contract._replace(versions=())).encode()
        for version in contract.versions:
            for name, file in (("", version), *sorted(version.origins.items())):
                yield f"{name} {file.path}".encode("utf-8", "surrogateescape")
                yield file.text.encode()


def _code_parts(folder: Path) -> Iterator[bytes]:
    """The path and the contents of each source file, those behind links too."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(place, name)  # noqa: PTH118 - a hundred files, and each Path costs
                yield os.fsencode(path)
                with open(path, "rb") as file:  # noqa: PTH123
                    yield file.read()
