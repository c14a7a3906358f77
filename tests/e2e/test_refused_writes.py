"""What strace prints of a write that was refused, and what else it prints."""

from __future__ import annotations

import pytest
from refused_writes import refusal


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (
            '12 openat(AT_FDCWD</x>, "/etc/a b", O_WRONLY|O_CREAT|O_TRUNC, 0666) = -1 EROFS (Read-only)',
            "EROFS /etc/a b",
        ),
        ('12 open("/etc/a", O_RDWR) = -1 EACCES (Permission denied)', "EACCES /etc/a"),
        ('12 mkdir("/s/__pycache__", 0777) = -1 EROFS (Read-only file system)', "EROFS /s/__pycache__"),
        ('12 mkdirat(AT_FDCWD</x>, "a", 0777) = -1 EACCES (Permission denied)', "EACCES a"),
        ('12 rename("/a", "/etc/b") = -1 EROFS (Read-only file system)', "EROFS /etc/b"),
        ('12 unlink("/etc/b") = -1 EPERM (Operation not permitted)', "EPERM /etc/b"),
        ("12 fchmod(3</etc/b>, 0600) = -1 EPERM (Operation not permitted)", "EPERM /etc/b"),
        ('12 openat(AT_FDCWD</x>, "/etc/shadow", O_RDONLY|O_CLOEXEC) = -1 EACCES (Permission denied)', ""),
        ('12 access("/etc/ld.so.preload", W_OK) = -1 EACCES (Permission denied)', ""),
        ('12 openat(AT_FDCWD</x>, "/a", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)', ""),
        ("12 --- SIGCHLD {si_signo=SIGCHLD} ---", ""),
    ],
)
def test_a_refused_write_is_named_with_its_path(line: str, path: str) -> None:
    assert refusal(line) == path
