"""`understudy proxy` as a person or a script meets it: in a process of its own."""

import json
import os
import re
import shlex
import signal
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from program import program
from understudy.cli import main
from understudy_contracts.provider import contract


def proxying(tmp_path, *arguments, **variables):
    """`understudy proxy` on a free port: yields its process and its address."""
    variables = {"UNDERSTUDY_PROXY_PORT": "0", "XDG_DATA_HOME": str(tmp_path / "my data"), **variables}
    return program("proxy", *arguments, port_file=tmp_path / "port", env={**os.environ, **variables})


def exports(out):
    """What the lines to copy would set."""
    return dict(shlex.split(line)[1].split("=", 1) for line in out.splitlines() if line.startswith("export "))


def test_it_prints_what_a_shell_needs_and_the_key_is_not_in_it(tmp_path):
    with proxying(tmp_path) as (process, url):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    told = exports(out)
    assert told["HTTPS_PROXY"] == url
    key = Path(told["SSL_CERT_FILE"]).with_name("ca-key.pem").read_text()
    assert "PRIVATE KEY" in key
    assert not any(line in out + err for line in key.splitlines())
    exporting = out.partition("\n")[2].partition("Ctrl-C")[0]
    said = subprocess.run(
        ["bash", "-euc", f'{exporting} cat "$SSL_CERT_FILE"'], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_with_a_tunnel_open(server, tmp_path, number):
    folder = tmp_path / "authority"
    with (
        proxying(tmp_path, "--to", server.url, "--folder", str(folder), "--log-format", "json") as (process, url),
        httpx.Client(proxy=url, verify=ssl.create_default_context(cafile=folder / "ca.pem")) as client,
    ):
        answer = client.post("https://api.runware.ai/v1", json=[], headers={"Authorization": "Bearer k"})
        assert answer.status_code == 400
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [json.loads(line)["message"] for line in err.splitlines()] == ["tunnel to api.runware.ai"]


def test_every_provider_s_hosts_are_served_and_no_other(server, tmp_path):
    with proxying(tmp_path, "--to", server.url) as (_, url):
        with pytest.raises(httpx.ProxyError, match=r"does not stand in for example\.com"):
            httpx.get("https://example.com", proxy=url)
        for provider in ("runware", "gmi", "segmind", "heygen"):
            for host in contract(provider).hosts:
                with pytest.raises(httpx.ProxyError, match=f"{re.escape(host)} is reached on port 443 only"):
                    httpx.get(f"https://{host}:444", proxy=url)


def run(*arguments):
    return CliRunner().invoke(main, ["proxy", "--port", "0", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "add --allow-remote"),
        (["--host", "203.0.113.1", "--allow-remote"], "cannot listen on 203.0.113.1"),
        (["--host", "no such host"], "cannot listen on no such host"),
        (["--to", "https://127.0.0.1:8899"], "one such as http://127.0.0.1:8899"),
        (["--port-file", "/no/such/folder/port"], "there is no folder /no/such/folder"),
        (["--folder", "/dev/null/x"], "cannot keep a certificate authority in /dev/null/x"),
    ],
)
def test_a_setting_that_cannot_be_used_is_explained(tmp_path, arguments, said):
    result = run("--folder", str(tmp_path / "authority"), *arguments)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())


def test_a_folder_that_others_can_open_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    result = run("--folder", str(tmp_path))
    assert result.exit_code == 1
    assert "open to other users of this machine: chmod 700" in result.output
