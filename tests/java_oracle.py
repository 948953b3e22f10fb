"""Apache Avro for Java as a second opinion, for the tests of every room: one JVM that answers lines.

The program is tests/java/AvroOracle.java. It is built once for each state of its sources, into a folder that git does
not see. Asked in batches it costs a fraction of a millisecond a question.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

FOLDER: Final = Path(__file__).resolve().parent / "java"
SOURCES: Final = (FOLDER / "pom.xml", FOLDER / "AvroOracle.java")
BUILDS: Final = FOLDER / "build"
PROGRAMS: Final = ("java", "javac", "mvn")
_BUILD_TIMEOUT_S: Final = 600
_STOP_TIMEOUT_S: Final = 20

Question: TypeAlias = Mapping[str, str | bool]


class JavaMissingError(Exception):
    """This machine has no Java, or no Maven."""


class JavaBuildError(Exception):
    """Maven or javac failed; their output is the reason."""


class JavaRefusal(Exception):
    """Avro Java refuses a schema or bytes, in its own words."""


@dataclass(frozen=True)
class JavaVerdict:
    """What SchemaCompatibility says: the incompatibilities as type and JSON pointer, each once; or its refusal."""

    is_compatible: bool
    found: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None


@dataclass(frozen=True)
class JavaCanonical:
    """Parsing Canonical Form, and its fingerprints as bytes."""

    form: str
    crc_64_avro: bytes
    sha_256: bytes


def require_java() -> None:
    """Raise JavaMissingError with a sentence if the oracle cannot run here."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise JavaMissingError(
            f"the comparison with Apache Avro for Java needs {', '.join(missing)}, which this machine has not: "
            "install a JDK, 17 or later, and Maven (on Debian and Ubuntu: apt-get install default-jdk-headless maven)"
        )


def build_oracle() -> Path:
    """The folder with the compiled program and `lib/`: made now, unless it is there for these very sources."""
    content = hashlib.sha256(b"\0".join(source.read_bytes() for source in SOURCES))
    built = BUILDS / content.hexdigest()[:16]
    if built.is_dir():
        return built
    BUILDS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILDS, prefix="unfinished-") as unfinished:
        making = Path(unfinished) / "oracle"
        copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={making / 'lib'}"]
        _run(["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(SOURCES[0]), *copy])
        options = ["--release", "17", "-Xlint:all", "-Werror", "-cp", f"{making / 'lib'}/*", "-d", str(making)]
        _run(["javac", *options, str(SOURCES[1])])
        try:
            making.rename(built)
        except OSError:
            # Another process may have finished first; what it made is the same.
            if not built.is_dir():
                raise
    return built


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        list(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_BUILD_TIMEOUT_S
    )
    if done.returncode != 0:
        raise JavaBuildError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


class JavaOracle:
    """The running program, a context manager. Schemas are parsed JSON, as everywhere in the house."""

    def __enter__(self) -> Self:
        built = build_oracle()
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        # A small heap, and no threads that collect it: the tests have the cores.
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{built}:{built / 'lib'}/*"]
        self._process = subprocess.Popen(
            ["java", *options, "AvroOracle"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )
        self._sender = ThreadPoolExecutor(1, "questions for Java")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        finally:
            self._process.kill()
            self._process.stdout.close()
            self._sender.shutdown()
            self._errors.close()

    def ask(self, questions: Iterable[Question]) -> list[dict[str, Any]]:
        """The answers to all of these, in their order: the fast way to ask many."""
        lines = [json.dumps(question) + "\n" for question in questions]
        # Sent aside while the answers are read: otherwise both sides could wait for the other to read.
        sending = self._sender.submit(self._send, lines)
        assert self._process.stdout is not None
        answers = []
        for _ in lines:
            answer = self._process.stdout.readline()
            if not answer:
                self._errors.seek(0)
                raise RuntimeError(f"the Java program ended by itself: {self._errors.read() or 'it said nothing'}")
            answers.append(json.loads(answer))
        sending.result()
        return answers

    def _send(self, lines: Sequence[str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.writelines(lines)
        self._process.stdin.flush()

    def compatible(self, reader: Any, writer: Any) -> JavaVerdict:
        """What SchemaCompatibility says of one pair."""
        return self.compatible_all([(reader, writer)])[0]

    def compatible_all(self, pairs: Iterable[tuple[Any, Any]]) -> list[JavaVerdict]:
        """The same of many pairs of reader and writer."""
        questions = [
            {"op": "compatible", "reader": json.dumps(reader), "writer": json.dumps(writer)} for reader, writer in pairs
        ]
        return [_verdict(answer) for answer in self.ask(questions)]

    def recode(self, schema: Any, data: bytes) -> bytes:
        """`data` decoded and encoded again, without conversions of logical types; all bytes must be used."""
        return _data(self.ask([{"op": "recode", "schema": json.dumps(schema), "hex": data.hex()}])[0])

    def resolve(self, writer: Any, reader: Any, data: bytes, *, fast_only: bool = False) -> bytes:
        """`data` of `writer` as Avro Java reads it with `reader`, encoded by `reader`; all bytes must be used.

        Its two readers must agree, unless only the fast one is asked, which is the default since 1.12 and may change
        the order of a map's entries.
        """
        return _data(self.ask([resolve_question(writer, reader, data) | {"fast": fast_only}])[0])

    def canonical(self, schema: Any) -> JavaCanonical:
        """Parsing Canonical Form and fingerprints."""
        answer = _accepted(self.ask([{"op": "canonical", "schema": json.dumps(schema)}])[0])
        crc, sha = (bytes.fromhex(answer[name]) for name in ("CRC-64-AVRO", "SHA-256"))
        return JavaCanonical(answer["form"], crc, sha)


def resolve_question(writer: Any, reader: Any, data: bytes) -> dict[str, str | bool]:
    """For `ask`; the answer has "hex" or "error"."""
    return {"op": "resolve", "writer": json.dumps(writer), "reader": json.dumps(reader), "hex": data.hex()}


def _verdict(answer: dict[str, Any]) -> JavaVerdict:
    if "error" in answer:
        return JavaVerdict(is_compatible=False, refusal=answer["error"])
    # A definition that is used twice is told twice, with the place of the first time.
    found = dict.fromkeys((entry["type"], entry["location"].rstrip("/")) for entry in answer["incompatibilities"])
    return JavaVerdict(answer["verdict"] == "COMPATIBLE", tuple(found))


def _data(answer: dict[str, Any]) -> bytes:
    return bytes.fromhex(_accepted(answer)["hex"])


def _accepted(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise JavaRefusal(answer["error"])
    return answer
