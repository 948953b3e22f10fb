"""The compiled transcoder is used where it was built of the present source, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.models import CONTRACTS
from codegen.native import build as native
from codegen.native.__main__ import main
from codegen.native.build import NoBuild, build, library_path, load_engine, stale_libraries


def test_what_was_built_of_another_source_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "json_to_avro.pyx"
    source.write_text("one")
    monkeypatch.setattr(native, "_SOURCE", source)
    old = library_path(tmp_path)
    old.write_bytes(b"no library: to load it would fail")
    source.write_text("another")
    assert library_path(tmp_path) != old
    assert stale_libraries(tmp_path) == [old]
    assert load_engine(tmp_path) is None


def test_without_a_compiler_it_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(NoBuild, match=r"a C compiler \(cc, gcc, clang\) is not on this machine"):
        build(tmp_path)
    monkeypatch.setenv("CC", "such-a-compiler")
    with pytest.raises(NoBuild, match="such-a-compiler \\(CC\\) is not on this machine"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_says_which_one_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("codegen.native.__main__.library_path", lambda: tmp_path / "built.so")
    monkeypatch.setattr("codegen.native.__main__.stale_libraries", list)
    monkeypatch.setattr("sys.argv", ["native"])
    assert main() == 0
    assert "the pure Python is in use: none was built" in capsys.readouterr().out
    (tmp_path / "built.so").touch()
    assert main() == 0
    assert "the compiled transcoder is in use" in capsys.readouterr().out


def test_without_a_build_the_generated_transcoder_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "load_engine", lambda: None)
    contract = CONTRACTS["user_action"]
    assert contract.transcoder(2) is contract.transcoder(2, pure=True) is not None


def test_with_a_build_its_twin_is_taken(native_engine: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "load_engine", lambda: native_engine)
    contract = CONTRACTS["user_action"]
    event = contract.model(2).fake().model_dump_json(by_alias=True).encode()
    pure, fast = contract.transcoder(2, pure=True), contract.transcoder(2)
    assert pure is not None
    assert fast is not None
    assert fast is not pure
    assert fast.reader().read(event, b"") == pure.reader().read(event, b"")
