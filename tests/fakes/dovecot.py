"""A real Dovecot of our own: loopback port, folder of its own, plain IMAP with STARTTLS, and IMAP over TLS.

Works as root and as a normal user. All users share one password; XOAUTH2 works when the address
of a pretend token server's introspection page is given.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import imaplib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.fakes.certificates import make_certificate
from tests.fakes.ports import free_port

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
PASSWORD = 'pass "word\\ñ'

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login{xoauth2}
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
default_login_user = {login_user}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
maildir_very_dirty_syncs = no
imap_idle_notify_interval = 29 mins
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
}}
auth_username_chars =
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {folder}/users
  mechanisms = plain login
}}
{oauth}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  # Without this listener a wrong password does not slow down the next login from the same address.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""


class Dovecot:
    """`with Dovecot() as server:` connect to `server.port` (plain, STARTTLS) or `server.tls_port`."""

    def __init__(self, *users: str, introspection_url: str = "") -> None:
        if PROGRAM is None:
            raise RuntimeError("dovecot is not installed")
        self.host = "127.0.0.1"
        self.users = users or ("hub@acme.test",)
        self.user = self.users[0]
        self.password = PASSWORD
        self.introspection_url = introspection_url
        # Not pytest's tmp_path: Dovecot's own users must be able to walk into the folder.
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.certificate = make_certificate(self.folder / "tls")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        for _again in range(3):  # a port that was free may be somebody's before Dovecot listens
            self._configure()
            try:
                return self.start()
            except RuntimeError:
                self.stop()
                self.port, self.tls_port = free_port(), free_port()
        self._configure()
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> Dovecot:
        """Starts and waits until it answers."""
        assert PROGRAM
        self._process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1) as client:
                client.settimeout(5)
                if client.recv(4) == b"* OK":
                    return self
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"dovecot did not start: {self.log()}")

    def stop(self) -> None:
        """Ends it at once, every connection with it: who still served one would write into its mailbox afterwards."""
        if self._process is None:
            return
        every = (
            psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
        )
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(15)
        self._process = None
        while any(_lives(one) for one in every):
            time.sleep(0.005)
        for left in [self.folder / "run" / "master.pid", *self.folder.glob("mail/**/*.lock")]:
            left.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stops and starts on the same ports."""
        self.stop()
        self.start()

    def log(self) -> str:
        """Dovecot's own log."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def append(self, mail: bytes, folder: str = "INBOX", user: str = "", flags: str = "") -> int:
        """Lays a mail in the mailbox and gives its UID; the folder is made when missing."""
        with self._signed_in(user) as imap:
            if folder != "INBOX":
                imap.create(_quoted(folder))
            kind, data = imap.append(_quoted(folder), flags, "", mail)
            found = re.search(rb"APPENDUID \d+ (\d+)", data[0] or b"")
            assert kind == "OK", data
            assert found, data
            return int(found[1])

    def append_many(self, mails: list[bytes], folder: str = "INBOX", user: str = "") -> None:
        """Lays many mails in over one connection."""
        with self._signed_in(user) as imap:
            for mail in mails:
                kind, data = imap.append(_quoted(folder), "", "", mail)
                assert kind == "OK", data

    def uids(self, folder: str = "INBOX", user: str = "") -> list[int]:
        """The UIDs in the folder, ascending."""
        return sorted(self.flags(folder, user))

    def flags(self, folder: str = "INBOX", user: str = "") -> dict[int, set[str]]:
        """The flags of each UID, without \\Recent."""
        with self._signed_in(user) as imap:
            kind, _ = imap.select(_quoted(folder), readonly=True)
            if kind != "OK":
                return {}
            _, lines = imap.uid("FETCH", "1:*", "(UID FLAGS)")
            found = [re.search(rb"UID (\d+) FLAGS \(([^)]*)\)", line) for line in lines if line]
            return {int(m[1]): set(m[2].decode().split()) - {"\\Recent"} for m in found if m}

    def delete(self, uid: int, folder: str = "INBOX", user: str = "") -> None:
        """Removes one mail for good."""
        with self._signed_in(user) as imap:
            imap.select(_quoted(folder))
            imap.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
            imap.expunge()

    def uid_validity(self, folder: str = "INBOX", user: str = "") -> int:
        """The folder's UIDVALIDITY."""
        with self._signed_in(user) as imap:
            _, lines = imap.status(_quoted(folder), "(UIDVALIDITY)")
            found = re.search(rb"UIDVALIDITY (\d+)", lines[0])
            assert found
            return int(found[1])

    def renumber(self, user: str = "") -> int:
        """Gives INBOX a new UIDVALIDITY and new UIDs, as after a restored mailbox; the new value.

        The mails stay. Everybody is disconnected.
        """
        user = user or self.user
        old = self.uid_validity(user=user)
        self.stop()
        box = self.folder / "mail" / user
        for index in [*box.glob("dovecot.index*"), *box.glob("dovecot-uidvalidity*")]:
            index.unlink()
        (box / "dovecot-uidlist").write_text(f"3 V{old + 7} N1 G{os.urandom(16).hex()}\n")
        if os.geteuid() == 0:
            shutil.chown(box / "dovecot-uidlist", "dovecot", "dovecot")
        self.start()
        return self.uid_validity(user=user)

    @contextlib.contextmanager
    def _signed_in(self, user: str) -> Iterator[imaplib.IMAP4]:
        imap = imaplib.IMAP4(self.host, self.port, timeout=10)
        imap._encoding = "utf-8"  # type: ignore[attr-defined]
        try:
            imap.authenticate(
                "PLAIN", lambda _: b"\0%s\0%s" % ((user or self.user).encode(), self.password.encode())
            )
            yield imap
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                imap.logout()

    def _configure(self) -> None:
        root = os.geteuid() == 0
        me = getpass.getuser()
        owner = "dovecot" if root else me
        for name in ("run", "state", "mail", "home"):
            (self.folder / name).mkdir(mode=0o755, exist_ok=True)
            if root and name in ("mail", "home"):
                shutil.chown(self.folder / name, owner, owner)
        text = _CONFIG.format(
            folder=self.folder,
            certificate=self.certificate.certificate_file,
            key=self.certificate.key_file,
            xoauth2=" xoauth2 oauthbearer" if self.introspection_url else "",
            oauth=_OAUTH.format(folder=self.folder) if self.introspection_url else "",
            uid=owner,
            gid=owner if root else os.getgid(),
            login_user="dovenull" if root else me,
            internal_user=owner,
            internal_group=owner if root else os.getgid(),
            port=self.port,
            tls_port=self.tls_port,
        )
        (self.folder / "dovecot.conf").write_text(text)
        # Dovecot looks users up with quotes and backslashes escaped.
        names = [re.sub(r"([\\\"'])", r"\\\1", user) for user in self.users]
        (self.folder / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in names))
        (self.folder / "oauth2.conf").write_text(
            f"introspection_url = {self.introspection_url}\nintrospection_mode = get\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )


def _end_with_parent() -> None:
    """A killed test run leaves no Dovecot behind (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
