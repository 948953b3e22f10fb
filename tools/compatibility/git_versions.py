"""Contract versions in git: at one commit, and in every commit of a branch.

All paths are relative to the folder of the contracts, as git gives them to who runs it there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_TIMEOUT_S: Final = 60
# Where a branch may have left from, best first; origin/HEAD is what the remote calls its default.
_MAIN_BRANCHES: Final = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


class GitUnable(Exception):
    """Git cannot say it. The text is one sentence that says why."""


class _CommandFailed(GitUnable):
    """Git itself is there, and says no."""


class Commit(NamedTuple):
    """One commit of the branch, and the texts of the schema files that it added or changed, by path."""

    name: str
    texts: Mapping[str, bytes]


class Repository:
    """The repository around `folder`, the contracts' folder. Each process costs, so that no object is read twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents: dict[str, bytes] = {}  # by the name of the object, which is a digest of them
        self._is_shallow: bool | None = None

    def commit(self, reference: str) -> str:
        """The name of the commit that `reference` means. Raises GitUnable."""
        if reference.startswith("-") or not reference:
            raise GitUnable(f"{reference!r} is no git reference")
        try:
            told = self._line("rev-parse", "--is-shallow-repository", "--verify", "--quiet", f"{reference}^{{commit}}")
        except _CommandFailed:
            reason = f"git has no commit {reference!r}"
            if self.is_shallow:
                reason += " (this clone is shallow: `git fetch --unshallow`, or fetch-depth: 0 in a workflow)"
            elif reference != "HEAD":
                reason += ": name a branch, a tag or a commit that this clone has, or `git fetch` it first"
            raise GitUnable(reason) from None
        shallow, _, name = told.partition("\n")
        self._is_shallow = shallow == "true"
        return name

    @property
    def is_shallow(self) -> bool:
        """Whether older commits were left out when the repository was cloned."""
        if self._is_shallow is None:
            self._is_shallow = self._line("rev-parse", "--is-shallow-repository") == "true"
        return self._is_shallow

    def texts_at(self, commit: str) -> dict[str, bytes]:
        """Every file below the folder that may be a schema, by path."""
        listed = self._git("ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape")
        blobs: dict[str, str] = {}
        for entry in filter(None, listed.split("\0")):
            meta, _, path = entry.partition("\t")
            if path.endswith(".avsc"):
                blobs[path] = meta.split()[2]
        return dict(zip(blobs, self._blobs(list(blobs.values())), strict=True))

    def fork_point(self, head: str, reference: str | None = None) -> str | None:
        """The commit where the branch of `head` left `reference`, or else the main branch; None if there is none."""
        others = {reference: ""} if reference is not None else self._main_branches()
        for other, tip in others.items():
            if tip == head:
                return head
            with suppress(_CommandFailed):  # no common commit: the next one
                return self._line("merge-base", head, other)
        return None

    def commits(self, head: str, since: str | None) -> list[Commit]:
        """The commits of the branch that touched schema files, oldest first.

        Without `since` it is the whole history of the branch itself: what was merged into it counts as of its merge.
        """
        ranged = [f"{since}..{head}"] if since is not None else ["--first-parent", head]
        options = ["--reverse", "--topo-order", "-m", "--raw", "--no-abbrev", "--no-renames", "--relative"]
        told = self._git("log", "--format=commit %h", *options, *ranged, "--", ".").decode("utf-8", "surrogateescape")
        touched = list(_touched_files(told))
        contents = self._blobs([blob for _, _, blob in touched])
        commits: dict[str, dict[str, bytes]] = {}
        for (name, path, _), content in zip(touched, contents, strict=True):
            commits.setdefault(name, {}).setdefault(path, content)
        return [Commit(name, texts) for name, texts in commits.items()]

    def _main_branches(self) -> dict[str, str]:
        """Those that are there, best first, with their commits."""
        told = self._line("for-each-ref", "--format=%(refname) %(objectname)", *_MAIN_BRANCHES)
        known = dict(line.split(" ") for line in told.splitlines())
        return {branch: known[branch] for branch in _MAIN_BRANCHES if branch in known}

    def _blobs(self, names: Sequence[str]) -> list[bytes]:
        """The contents of git objects; those that are not known yet are read by one process."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._contents]
        if unknown:
            self._contents.update(zip(unknown, self._read(unknown), strict=True))
        return [self._contents[name] for name in names]

    def _read(self, names: Sequence[str]) -> list[bytes]:
        """An answer of git is `<name> <type> <size>`, bytes, a newline."""
        answer = self._git("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        contents: list[bytes] = []
        at = 0
        for _ in names:
            end = answer.index(b"\n", at)
            header = answer[at:end].split()
            if len(header) < 3:  # "<name> missing": a clone that leaves out blobs, and cannot fetch them
                raise GitUnable(f"git has not the contents of the object {names[len(contents)][:12]}")
            size = int(header[2])
            contents.append(answer[end + 1 : end + 1 + size])
            at = end + size + 2
        return contents

    def _line(self, command: str, *arguments: str) -> str:
        return self._git(command, *arguments).decode().strip()

    def _git(self, command: str, *arguments: str, stdin: bytes = b"") -> bytes:
        try:
            done = subprocess.run(
                ["git", "-c", "core.quotePath=false", "-C", str(self.folder), command, *arguments],  # noqa: S607 - git is where the user's PATH says
                input=stdin,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
                env={**os.environ, "LC_ALL": "C"},
            )
        except FileNotFoundError:
            raise GitUnable("git is not installed") from None
        except subprocess.TimeoutExpired:
            raise GitUnable(f"git did not answer within {_TIMEOUT_S} s") from None
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        if "not a git repository" in said:
            raise GitUnable("this folder is in no git repository")
        raise _CommandFailed(f"git {command} failed ({said or f'exit code {done.returncode}'})")


def _touched_files(log: str) -> Iterator[tuple[str, str, str]]:
    """(commit, path, object) of each schema file that a raw log tells, but not of those that a commit removed.

    A line of a file is `:<mode> <mode> <object> <object> <status>`, a tab, the path.
    """
    commit = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith(":"):
            meta, _, path = line.partition("\t")
            _, _, _, blob, status = meta.split()
            if path.endswith(".avsc") and status != "D":
                yield commit, path, blob
