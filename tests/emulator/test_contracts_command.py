"""`understudy contracts export`, and what a running stand-in says of itself."""

import json

import httpx
from click.testing import CliRunner

from understudy.cli import main
from understudy_contracts.documents import files


def export(*arguments):
    return CliRunner().invoke(main, ["contracts", "export", *map(str, arguments)])


def test_every_document_is_written(tmp_path):
    done = export(tmp_path / "new" / "contracts")
    assert done.exit_code == 0, done.output
    written = {
        str(path.relative_to(tmp_path / "new" / "contracts")): json.loads(path.read_text("utf-8"))
        for path in (tmp_path / "new").rglob("*.json")
    }
    assert written == files()
    assert done.output.startswith(f"{len(written)} documents in ")


def test_one_provider_is_written_alone(tmp_path):
    assert export(tmp_path, "--provider", "gmi").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gmi", "index.json"]
    assert export(tmp_path, "--provider", "nobody").exit_code == 2


def test_what_is_there_and_says_something_else_stays_unless_it_is_forced(tmp_path):
    assert export(tmp_path, "--provider", "heygen").exit_code == 0
    assert export(tmp_path, "--provider", "heygen").exit_code == 0
    own = tmp_path / "heygen" / "openapi.json"
    own.write_text("mine")
    (tmp_path / "heygen" / "schemas" / "error.json").unlink()
    refused = export(tmp_path, "--provider", "heygen")
    assert refused.exit_code == 1
    assert str(own) in refused.output
    assert "--force" in refused.output
    assert own.read_text() == "mine"
    assert not (tmp_path / "heygen" / "schemas" / "error.json").exists()
    assert export(tmp_path, "--provider", "heygen", "--force").exit_code == 0
    assert json.loads(own.read_text())["openapi"] == "3.1.0"


def test_many_that_are_in_the_way_are_counted(tmp_path):
    for name in files(providers=["gmi"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    refused = export(tmp_path, "--provider", "gmi")
    assert f"and {len(files(providers=['gmi'])) - 10} more" in refused.output


def test_where_nothing_can_be_written_is_told(tmp_path):
    (tmp_path / "heygen").write_text("a file where a folder is needed")
    refused = export(tmp_path, "--provider", "heygen")
    assert (refused.exit_code, "cannot be written" in refused.output) == (1, True)


def test_a_server_describes_itself_where_it_is_and_as_it_is_set(make_server):
    server = make_server(switches={"segmind.request-id": "hex"})
    with httpx.Client(base_url=f"{server.url}/_understudy/contracts", trust_env=False) as http:
        index = http.get("/").json()
        assert index["providers"]["segmind"]["switches"]["request-id"] == "hex"
        document = http.get(index["providers"]["segmind"]["openapi"]).json()
        assert document["servers"] == [{"url": server.url}]
        for entry in index["providers"].values():
            for url in entry["schemas"]:
                assert http.get(url).json()["$id"] == url
        assert http.get(index["providers"]["runware"]["asyncapi"]).json()["asyncapi"] == "3.0.0"
