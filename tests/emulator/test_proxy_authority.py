"""The folder in which the proxy keeps its certificate authority: who can read it, and what it is good for."""

import os
import socket
import ssl
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from understudy.config import SettingError
from understudy.proxy.authority import CERTIFICATE, KEY, Authority

HOSTS = {"api.segmind.com", "api.runware.ai"}
NOW = 1_790_000_000.0


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kept" / "proxy"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def shake_hands(server, name, trusted):
    """Whether a client that trusts these PEM bytes, and nothing else, takes the server for `name`."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What newer Pythons ask of a certificate without being told to.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=trusted.decode())
    ours, theirs = socket.socketpair()

    def serve():
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        thread.join()
    return True


def test_the_folder_and_the_key_are_for_their_owner_alone(folder):
    before = os.umask(0)
    try:
        Authority(folder, HOSTS)
    finally:
        os.umask(before)
    assert (mode(folder), mode(folder / KEY), mode(folder / CERTIFICATE)) == (0o700, 0o600, 0o644)
    assert sorted(path.name for path in folder.iterdir()) == [KEY, CERTIFICATE]


def test_what_was_made_once_is_used_again(folder):
    Authority(folder, HOSTS)
    before = [(folder / name).read_bytes() for name in (KEY, CERTIFICATE)]
    Authority(folder, sorted(HOSTS, reverse=True))
    assert [(folder / name).read_bytes() for name in (KEY, CERTIFICATE)] == before


def test_many_that_start_at_once_share_one_authority(folder):
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: Authority(folder, HOSTS), range(16)))
    trusted = made[0].certificate.read_bytes()
    assert all(shake_hands(each.context(NOW), "api.segmind.com", trusted) for each in made)


def test_every_host_is_vouched_for(folder):
    authority = Authority(folder, HOSTS)
    for host in HOSTS:
        assert shake_hands(authority.context(NOW), host, authority.certificate.read_bytes())


def test_another_host_would_need_another_certificate_and_the_key_stays(folder):
    Authority(folder, HOSTS)
    key = (folder / KEY).read_bytes()
    authority = Authority(folder, {*HOSTS, "api.heygen.com"})
    assert shake_hands(authority.context(NOW), "api.heygen.com", authority.certificate.read_bytes())
    assert (folder / KEY).read_bytes() == key


@pytest.mark.parametrize("name", ["bank.example", "127.0.0.1", "::1"])
def test_whoever_has_the_key_can_pose_as_nobody_but_the_providers(folder, name):
    authority = Authority(folder, HOSTS)
    stolen = trustme.CA.from_pem((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stolen.issue_cert("api.segmind.com", name).configure_cert(server)
    assert not shake_hands(server, name, authority.certificate.read_bytes())


def test_no_key_but_the_authority_s_is_ever_in_a_file(folder, monkeypatch):
    authority = Authority(folder, HOSTS)
    written = []
    monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda *a, **k: written.append(a))
    monkeypatch.setattr("tempfile.mkstemp", lambda *a, **k: written.append(a))
    authority.context(NOW)
    assert not written
    assert sorted(path.name for path in folder.iterdir()) == [KEY, CERTIFICATE]


def test_a_context_leaves_no_file_open(folder):
    authority = Authority(folder, HOSTS)
    authority.context(NOW)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(20):
        authority.context(NOW)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_certificate_that_is_gone_broken_or_another_s_is_made_anew(folder):
    Authority(folder, HOSTS)
    good = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    for spoil in ("", "no certificate", trustme.CA().cert_pem.bytes().decode()):
        (folder / CERTIFICATE).write_text(spoil)
        authority = Authority(folder, HOSTS)
        kept = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
        assert kept.tbs_certificate_bytes == good.tbs_certificate_bytes
    (folder / CERTIFICATE).unlink()
    assert shake_hands(Authority(folder, HOSTS).context(NOW), "api.segmind.com", (folder / CERTIFICATE).read_bytes())


@pytest.mark.parametrize(("name", "bits"), [(".", 0o750), (".", 0o701), (KEY, 0o640), (KEY, 0o604), (KEY, 0o620)])
def test_what_others_can_open_is_refused_and_the_refusal_says_what_to_do(folder, name, bits):
    Authority(folder, HOSTS)
    (folder / name).chmod(bits)
    with pytest.raises(SettingError, match=r"open to other users of this machine: .*chmod"):
        Authority(folder, HOSTS)


def test_what_belongs_to_somebody_else_is_refused(folder, monkeypatch):
    Authority(folder, HOSTS)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(SettingError, match="belongs to another user"):
        Authority(folder, HOSTS)


def rsa_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", rsa_key()]
)
def test_a_key_that_cannot_be_used_is_never_replaced_unasked(folder, content):
    Authority(folder, HOSTS)
    (folder / KEY).write_bytes(content)
    with pytest.raises(SettingError, match="delete it to have another made"):
        Authority(folder, HOSTS)
    assert (folder / KEY).read_bytes() == content


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot keep a certificate authority in"):
        Authority(tmp_path / "file" / "proxy", HOSTS)
