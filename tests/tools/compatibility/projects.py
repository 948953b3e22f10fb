"""A small project on disk: contracts as files, and git where a test wants it."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

from tools.compatibility.gate import run_check

_SETTINGS = ("user.name=t", "user.email=t@example.com", "commit.gpgsign=false", "core.hooksPath=")
_GIT = ["git", *(word for setting in _SETTINGS for word in ("-c", setting))]


def user(*fields: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A record with an id, and more."""
    return {"type": "record", "name": "User", "fields": [{"name": "id", "type": "string"}, *fields], **rest}


class Project:
    """A folder with `schemas/`; `check` runs the command's function and gives (exit code, text)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, version: int, schema: Any, contract: str = "users") -> Path:
        path = self.root / "schemas" / contract / f"v{version}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(schema if isinstance(schema, str) else json.dumps(schema, indent=2) + "\n", encoding="utf-8")
        return path

    def settings(self, text: str, contract: str = "users") -> None:
        (self.root / "schemas" / contract / "contract.toml").write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        subprocess.run([*_GIT, *arguments], cwd=self.root, check=True, capture_output=True)

    def commit(self, message: str = "publish") -> None:
        if not (self.root / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def check(
        self,
        *contracts: str,
        against: str | None = None,
        level: str | None = None,
        format_: str = "text",
        drift: bool = True,
    ) -> tuple[int, str]:
        out = io.StringIO()
        code = run_check(self.root, contracts, against, level, format_, out, drift=drift)
        return code, out.getvalue()

    def report(self, *contracts: str, **options: Any) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.check(*contracts, format_="json", **options)[1])
        return report
