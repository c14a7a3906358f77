"""Words for numbers: statuses of gRPC, error codes of HTTP/2 (RFC 7540, section 7), and what is the same."""

from __future__ import annotations

STATUSES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
OK, CANCELLED, UNKNOWN, PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE = 0, 1, 2, 7, 8, 13, 14
_ERRORS = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)
_STATUS_OF = {
    "REFUSED_STREAM": UNAVAILABLE,
    "CANCEL": CANCELLED,
    "ENHANCE_YOUR_CALM": RESOURCE_EXHAUSTED,
    "INADEQUATE_SECURITY": PERMISSION_DENIED,
}


def status_name(status: int) -> str:
    """`NOT_FOUND` for 5; the number itself for one that gRPC does not have."""
    return STATUSES[status] if 0 <= status < len(STATUSES) else str(status)


def error_name(code: int) -> str:
    """`CANCEL` for 8."""
    return _ERRORS[code] if code < len(_ERRORS) else str(code)


def status_of_reset(code: int) -> int:
    """What gRPC calls it when a server resets a call with such a code."""
    return _STATUS_OF.get(error_name(code), INTERNAL)
