"""Certificates of TLS for tests."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Keys:
    """Paths of a key and its certificate."""

    key: Path
    certificate: Path


def certified(
    folder: Path,
    name: str,
    *addresses: str,
    begins: dt.timedelta = dt.timedelta(days=-1),
    valid: dt.timedelta = dt.timedelta(days=1),
    usage: x509.ExtendedKeyUsage | None = None,
) -> Keys:
    """A certificate that is its own CA, for these addresses; `begins` and `valid`, its end, are counted from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name)]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    certificate = (builder.add_extension(usage, critical=False) if usage else builder).sign(key, hashes.SHA256())
    keys = Keys(folder / f"{name}.key", folder / f"{name}.crt")
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    # Never open to others, not for a moment either.
    keys.key.touch(0o600)
    keys.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    keys.certificate.write_bytes(certificate.public_bytes(pem))
    return keys
