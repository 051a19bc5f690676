import os
from pathlib import Path

import pytest

from understudy.media.errors import MediaError
from understudy.media.shelf import Shelf


def put(shelf: Shelf, name: str, content: bytes) -> None:
    with shelf.draft(name) as path:
        path.write_bytes(content)


def test_a_draft_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)
    with shelf.draft("a") as path:
        path.write_bytes(b"whole")
        assert shelf.find("a") is None
    assert shelf.find("a") == tmp_path / "a"


def test_a_failed_draft_vanishes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)

    def fail() -> None:
        with shelf.draft("a") as path:
            path.write_bytes(b"half")
            raise MediaError("encoder lost")

    with pytest.raises(MediaError):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)
    (tmp_path / "a").touch()
    assert shelf.find("a") is None
    assert not shelf.has("a")


def test_the_longest_unused_is_forgotten_first_and_what_is_held_never(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10)
    for age, name in enumerate("abcd"):
        put(shelf, name, b"12345")
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    with shelf.hold("a"), shelf.hold("a"):
        shelf.tidy()
    assert {path.name for path in tmp_path.iterdir()} == {"a", "d"}
    shelf.find("a")
    put(shelf, "e", b"12345")
    shelf.tidy()
    assert {path.name for path in tmp_path.iterdir()} == {"a", "e"}


def test_drafts_of_the_dead_are_cleared_away_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    for name, when in ((".old.1-2.draft", 1), (".new.1-3.draft", None)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, None if when is None else (when, when))
    Shelf(tmp_path, 100)
    assert [path.name for path in tmp_path.iterdir()] == [".new.1-3.draft"]


def test_a_file_of_somebody_else_can_be_read_even_if_its_use_cannot_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path, 100)
    put(shelf, "a", b"1")

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", forbidden)
    assert shelf.find("a") == tmp_path / "a"
