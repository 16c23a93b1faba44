"""A store over TLS: its certificate is checked, and that it is the host's."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.conftest import Run
from tracker.store.client import connect

NOW = datetime.datetime.now(datetime.UTC)


def certificate(folder: Path, host: str) -> Path:
    """A certificate that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@asynccontextmanager
async def over_tls(socket: str, pem: Path) -> AsyncIterator[str]:
    """The store behind a proxy that speaks TLS; host and port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            while some := await source.read(65_536):
                target.write(some)
                await target.drain()
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, out = await asyncio.open_unix_connection(socket)
        await asyncio.gather(copy(reader, out), copy(inner, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_store_is_reached_over_tls_by_whom_its_certificate_names(
    run: Run, store_url: str, tmp_path: Path
) -> None:
    socket = store_url.removeprefix("unix://").partition("?")[0]
    good, other = certificate(tmp_path, "127.0.0.1"), certificate(tmp_path, "127.0.0.2")

    async def ping(pem: Path, options: str) -> object:
        async with (
            over_tls(socket, pem) as place,
            connect(f"rediss://{place}/0{options}", timeout_s=2.0) as client,
        ):
            return await client.ping()

    assert run(ping(good, f"?ssl_ca_certs={good}"))
    for pem, options in ((good, ""), (good, f"?ssl_ca_certs={other}")):
        with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
            run(ping(pem, options))
    with pytest.raises(redis.ConnectionError, match="IP address mismatch"):
        run(ping(other, f"?ssl_ca_certs={other}"))
