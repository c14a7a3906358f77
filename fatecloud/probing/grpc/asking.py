"""A call as a question of a probe. What went wrong is one of the kinds of `dialing`, or one of these three.

Kinds:
    unanswered  it speaks HTTP/2, and does not answer the call: its threads hang, or what they wait for
    tls         there is no TLS: a certificate is not accepted, or one side speaks something else
    status      the server answers with a status that is an error; it is in `status`, as `UNAVAILABLE`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.grpc.call import unary
from fatecloud.probing.grpc.failures import NoGrpc, Silent, TlsFailed, Unanswered
from fatecloud.probing.patience import patient

_MOST = 400
"""Characters of an error: some servers put the trace of a stack into it."""


def asked(
    host: str, port: int, path: str, message: bytes = b"", *, words: Callable[[str], str] = str, **more: Any
) -> tuple[dict[str, Any], bytes]:
    """What a probe prints about a call (`ok`; if that is false also `kind` and `error`), and the answer's message.

    Args:
        host: see `call.unary`, as for the others.
        port: of the server.
        path: of the method.
        message: the request.
        words: what of the server's words about an error is for people; all of them, unless given.
        more: `timeout`, and what else `unary` takes.
    """
    try:
        answer = unary(host, port, path, message, **more)
    except Unanswered as error:
        return _failed("unanswered", f"{error} within {patient(more['timeout']):g} s"), b""
    except NoGrpc as error:
        return _failed("foreign", f"it does not speak gRPC: {error}"), b""
    except TlsFailed as error:
        return _failed("tls", f"no TLS: {error}"), b""
    except OSError as error:
        return trouble(error, more["timeout"], "silent" if isinstance(error, Silent) else "timeout"), b""
    if answer.status:
        said = words(answer.message)
        failed = _failed("status", f"{answer.name}: {said}" if said else answer.name)
        return {**failed, "status": answer.name}, b""
    return {"ok": True}, answer.body


def _failed(kind: str, error: str) -> dict[str, Any]:
    return {"ok": False, "kind": kind, "error": readable(" ".join(error.split()), _MOST)}
