"""A private Dovecot, made from Debian's package: IMAP over TLS on loopback, over the Maildirs of a post office.

    with private_dovecot({"ket-noi-dan-cu@c06.example": "a password"}) as server:
        PostOffice(server.letters, host, port, owner=server.owner)     # what arrives by SMTP…
        imaplib.IMAP4_SSL(server.host, server.port, …)                 # …is read over IMAP

Dovecot serves no mail of root: as root it is started as an ordinary user that exists already, who then owns the mail.
"""

from __future__ import annotations

import base64
import contextlib
import grp
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ketnoi_runtime.clock import SystemClock

_PROGRAMS: Final = (Path("/usr/sbin/dovecot"), Path("/usr/bin/dovecot"), Path("/usr/local/sbin/dovecot"))
_USERS: Final = ("postgres", "nobody")
_MISSING: Final = "Dovecot was not found. Install it:  sudo apt-get install dovecot-imapd"
_START_SECONDS: Final = 20.0


class DovecotError(Exception):
    """It cannot be started; the text says what to do."""


class Dovecot:
    """One server in a folder of its own. `letters` is where the Maildirs lie, one for each address in `passwords`.

    `owner` (None unless this process is root's) is the user to whom they must belong.
    """

    def __init__(self, passwords: Mapping[str, str], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._program = _find()
        self.owner = _ordinary_user() if os.geteuid() == 0 else None
        # The sockets' paths must stay short, however long the checkout's own path is.
        self.folder = Path(tempfile.mkdtemp(prefix="ketnoi-imap-", dir="/tmp"))
        self.host, self.port = host, port or _free_port(host)
        self.letters = self.folder / "letters"
        self.certificate = self.folder / "certificate.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self.letters.mkdir(mode=0o700)
        key, certificate = _certificate(host)
        self._keep("key.pem", key)
        self._keep("certificate.pem", certificate)
        self._keep("passwords", "".join(f"{user}:{_hashed(word)}\n" for user, word in passwords.items()).encode())
        self._keep("dovecot.conf", self._settings().encode())
        if self.owner is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def start(self) -> None:
        """Start it and wait until it greets. Raises DovecotError."""
        identity: dict[str, object] = {}
        if self.owner is not None:
            identity = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        with (self.folder / "start.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [str(self._program), "-F", "-c", str(self.folder / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **identity,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return
            time.sleep(0.05)
        self.stop()
        raise DovecotError(f"Dovecot did not start:\n{self.said()}")

    def said(self) -> str:
        """The end of its logs."""
        logs = [self.folder / name for name in ("start.log", "dovecot.log")]
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())

    def stop(self) -> None:
        """End it and everything that it has started."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def remove(self) -> None:
        """Stop it, and delete its folder with all letters."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)

    def _settings(self) -> str:
        """Nothing of the machine's own configuration is read, and nobody else's mail is reachable."""
        user = self.owner or pwd.getpwuid(os.geteuid())
        group, folder = grp.getgrgid(user.pw_gid).gr_name, self.folder
        return f"""\
protocols = imap
listen = {self.host}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = {user.pw_name}
default_internal_group = {group}
default_login_user = {user.pw_name}
first_valid_uid = 1
mail_location = maildir:{folder}/letters/%Lu
mail_fsync = never
ssl = required
ssl_min_protocol = TLSv1.2
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {folder}/passwords
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={folder}/home/%Lu
}}
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


@contextlib.contextmanager
def private_dovecot(passwords: Mapping[str, str]) -> Iterator[Dovecot]:
    """A started server that is removed at the end."""
    server = Dovecot(passwords)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _find() -> Path:
    found = next((each for each in _PROGRAMS if each.exists()), None)
    if found is None:
        raise DovecotError(_MISSING)
    return found


def _ordinary_user() -> pwd.struct_passwd:
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise DovecotError("Dovecot serves no mail of root, and neither user `postgres` nor `nobody` exists")


def _hashed(password: str) -> str:
    """The password as the file holds it."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha512(password.encode() + salt).digest()
    return "{SSHA512}" + base64.b64encode(digest + salt).decode()


def _certificate(host: str) -> tuple[bytes, bytes]:
    """A new key and a self-signed certificate for an address (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Unsafe Ketnoi IMAP")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, certificate.public_bytes(Encoding.PEM)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
