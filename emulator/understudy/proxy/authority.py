"""The local certificate authority: a key that stays in its folder, and a certificate that vouches for providers only.

The key is what lasts. The certificate is remade from it whenever it would not cover exactly the hosts that are
served, so a client that trusts it is exposed to nothing else, even if the key were stolen.
"""

import hashlib
import ipaddress
import os
import ssl
import sys
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from understudy.config import SettingError
from understudy.whole_files import create, replace

CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"

#: How long a certificate made for one run is good: some platforms refuse any that is good for more than 825 days.
LEAF_LIFE = timedelta(days=800)

#: Clocks differ, and a certificate from the future is refused.
_LEEWAY = timedelta(days=1)

_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "understudy"),
        x509.NameAttribute(NameOID.COMMON_NAME, "understudy: a local stand-in for AI-video providers"),
    ]
)


class Authority:
    """The certificate authority kept in a folder, made there on first use.

    Raises SettingError when the folder or the key is open to other users, cannot be read, or cannot be made.
    """

    def __init__(self, folder: Path, hosts: Collection[str]) -> None:
        self.hosts = sorted(hosts)
        #: What clients are to trust, as `SSL_CERT_FILE` for one.
        self.certificate = folder.absolute() / CERTIFICATE
        try:
            _ensure_private(folder)
            self._key = _kept_key(folder / KEY)
            pem = _kept_certificate(self.certificate, self._key, self.hosts)
        except OSError as problem:
            raise SettingError(f"cannot keep a certificate authority in {folder}: {problem}") from problem
        self._authority = trustme.CA.from_pem(pem, _pem(self._key))

    def context(self, now: float) -> ssl.SSLContext:
        """What a server shows as any of the hosts, for HTTP/1.1 only; `now` is in unix seconds.

        The key behind it is made anew each time and is never in any file.
        """
        moment = datetime.fromtimestamp(now, UTC)
        leaf = self._authority.issue_cert(
            *self.hosts, organization_name="understudy", not_before=moment - _LEEWAY, not_after=moment + LEAF_LIFE
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if sys.platform == "win32":
            leaf.configure_cert(context)
        else:
            _load(context, b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes())
        return context


def _ensure_private(folder: Path) -> None:
    # Made with its mode, rather than given it afterwards: there is no moment at which it is open.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _check_private(folder, "chmod 700")


def _check_private(path: Path, remedy: str) -> None:
    """Refuse what other users can open: whoever reads the key, or swaps it, can pose as the providers."""
    if sys.platform == "win32":
        return
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise SettingError(f"{path} belongs to another user: name a folder of your own")
    if status.st_mode & 0o077:
        raise SettingError(f"{path} is open to other users of this machine: {remedy} {path}")


def _kept_key(path: Path) -> ec.EllipticCurvePrivateKey:
    with suppress(FileExistsError):
        if not path.exists():
            create(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    _check_private(path, "delete it, and what trusts it, or chmod 600")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise SettingError(f"{path} holds no key that can be read: delete it to have another made") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingError(f"{path} holds a key of another kind than is made here: delete it to have another made")
    return key


def _kept_certificate(path: Path, key: ec.EllipticCurvePrivateKey, hosts: Collection[str]) -> bytes:
    made = _certificate(key, hosts)
    with suppress(FileNotFoundError, ValueError):
        kept = x509.load_pem_x509_certificate(path.read_bytes())
        # A signature differs every time it is made; what is signed does not.
        if kept.tbs_certificate_bytes == made.tbs_certificate_bytes:
            return kept.public_bytes(Encoding.PEM)
    pem = made.public_bytes(Encoding.PEM)
    replace(path, pem, 0o644)
    return pem


def _certificate(key: ec.EllipticCurvePrivateKey, hosts: Collection[str]) -> x509.Certificate:
    """The certificate of this key for these hosts: the same one, but for its signature, whenever it is made."""
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    # No two certificates of one issuer may share a number, and these differ by their hosts.
    number = hashlib.sha256(" ".join([identifier.digest.hex(), *sorted(hosts)]).encode())
    permitted = [x509.DNSName(host) for host in sorted(hosts)]
    excluded = [x509.IPAddress(ipaddress.ip_network(everything)) for everything in ("0.0.0.0/0", "::/0")]
    may = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only", "digital_signature"),
        False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(public)
        .serial_number(int.from_bytes(number.digest()[:16]))
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**may, key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, excluded), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load(context: ssl.SSLContext, chain: bytes, key: bytes) -> None:
    """Load a chain and its key from memory, which `ssl` can only do from something with a name: pipes have one."""
    ends = []
    try:
        for content in (chain, key):
            out, into = os.pipe()
            ends.append(out)
            # Far less than any pipe holds, so nobody needs to be reading yet.
            with os.fdopen(into, "wb") as pipe:
                pipe.write(content)
        context.load_cert_chain(*(f"/dev/fd/{end}" for end in ends))
    finally:
        for end in ends:
            os.close(end)
