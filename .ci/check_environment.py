"""Does what is installed agree with `requirements.lock`, by hash? Exit 0 yes, 1 no, 2 could not find out.

An installation keeps no hash of the archive that it came from. So the archives are fetched again, from pip's cache as
a rule, pip checks them against the hashes of the lock, and each file in them is compared with the installed one.
Run it with the interpreter of the environment: `.venv/bin/python .ci/check_environment.py`.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
# The project itself, and what `python -m venv` brings.
UNLOCKED = {"schema-pipeline", "pip", "setuptools"}


def main() -> int:
    """Print each disagreement, and one line of sums."""
    locked = read_lock(LOCK.read_text(encoding="utf-8"))
    installed = {normalize(one.name): one.version for one in importlib.metadata.distributions()}
    findings = list(compare_versions(locked, installed))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--no-build-isolation", "--dest", folder, "--requirement", str(LOCK)]
        fetched = subprocess.run(command, capture_output=True, text=True, check=False)
        if fetched.returncode:
            print(f"the locked archives cannot be fetched:\n{fetched.stderr}", file=sys.stderr)
            return 1 if "DO NOT MATCH THE HASHES" in fetched.stderr else 2
        archives = sorted(Path(folder).iterdir())
        wheels = [archive for archive in archives if archive.suffix == ".whl"]
        site = Path(sysconfig.get_path("platlib"))
        files = 0
        for wheel in wheels:
            for count, finding in compare_files(wheel, site):
                files += count
                findings += [finding] if finding else []
        names = {normalize(archive.name.split("-")[0]) for archive in wheels}
        findings += [f"{name} is in the lock and not installed" for name in sorted(names - set(installed))]
    for finding in findings:
        print(finding)
    built = len(archives) - len(wheels)
    print(
        f"{len(findings)} disagreements: {files} files of {len(wheels)} wheels compared with the lock's hashes"
        + (f"; {built} packages were built here from locked sources, and compared by version" if built else "")
    )
    return 1 if findings else 0


def normalize(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> dict[str, str]:
    """Versions by name; what is for another platform or Python too."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\\n]+)", text, re.MULTILINE)
    return {normalize(name): version for name, version in found}


def compare_versions(locked: dict[str, str], installed: dict[str, str]) -> Iterator[str]:
    """What is installed and not locked, or in another version."""
    for name, version in sorted(installed.items()):
        if name not in locked:
            if name not in UNLOCKED:
                yield f"{name} {version} is installed and not in the lock"
        elif version != locked[name]:
            yield f"{name} {version} is installed; the lock has {locked[name]}"


def compare_files(wheel: Path, site: Path) -> Iterator[tuple[int, str]]:
    """For each file of a wheel 1 and what is wrong with the installed one, if anything."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", name))
        rows = list(csv.reader(io.TextIOWrapper(archive.open(record), encoding="utf-8")))
    for path, digest, *_ in rows:
        # What lies in `.data` goes elsewhere (scripts, headers), and some of it is rewritten on the way.
        if not digest or ".data/" in path:
            continue
        file = site / path
        if not file.is_file():
            yield 1, f"{wheel.name}: {path} is not installed"
        elif digest_of(file, digest.partition("=")[0]) != digest:
            yield 1, f"{wheel.name}: {path} is not the file of the locked wheel"
        else:
            yield 1, ""


def digest_of(file: Path, algorithm: str) -> str:
    """As RECORD has it (PEP 376 and PEP 427): base64 for URLs, without padding."""
    digest = hashlib.new(algorithm, file.read_bytes()).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


if __name__ == "__main__":
    sys.exit(main())
