"""Exceptions from the usual certificates, for one source's server.

In:  what the operator wrote down for the source (`TlsTrust`).
Out: an `ssl.SSLContext`; after the handshake, why the certificate is refused all the same.
Never: a way to believe anybody. An exception names an authority or one certificate (check 102).
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest

from feedmill.ingest.options import TlsTrust


@lru_cache(maxsize=256)
def context_for(trust: TlsTrust) -> ssl.SSLContext:
    """The context of an exception; raises OSError or ssl.SSLError when its file cannot be used."""
    if trust.fingerprint is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # `refuse_certificate` looks at it before the request is sent
    else:
        context = ssl.create_default_context(cafile=trust.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def refuse_certificate(trust: TlsTrust | None, certificate: bytes | None) -> str | None:
    """Why a certificate (DER) is not the pinned one; None when it is, or none is pinned."""
    if trust is None or trust.fingerprint is None:
        return None
    found = sha256(certificate or b"").hexdigest()
    if compare_digest(found, trust.fingerprint):
        return None
    return f"it is not the one that tls_fingerprint names, but sha256:{found}"
