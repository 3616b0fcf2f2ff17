"""AWS's errors, in the form of each wire protocol."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rehearsal.aws.adapters.server import Answer
from rehearsal.aws.request import AwsRequest

_BOTH_WAYS = "application/x-amz-json-1.1"


@dataclass
class RefusedError(Exception):
    """The request is one that AWS refuses: with this error code, message and HTTP status."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return self.message


def error_answer(request: AwsRequest, refusal: RefusedError) -> Answer:
    """The refusal as the client that sent ``request`` expects it."""
    if request.protocol in ("json", "rpc"):
        body = json.dumps({"__type": refusal.code, "message": refusal.message, "Message": refusal.message})
        headers = {"Content-Type": _BOTH_WAYS, "x-amzn-errortype": refusal.code, "x-amzn-query-error": ""}
        headers["x-amzn-query-error"] = f"{refusal.code};{'Sender' if refusal.status < 500 else 'Receiver'}"
        return refusal.status, headers, body.encode()
    error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    request_id = uuid.uuid4()
    if request.service == "ec2":
        xml = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif request.protocol == "rest":
        xml = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        kind = "Sender" if refusal.status < 500 else "Receiver"
        told = f"<Error><Type>{kind}</Type>{error}</Error><RequestId>{request_id}</RequestId>"
        xml = f"<ErrorResponse>{told}</ErrorResponse>"
    return refusal.status, {"Content-Type": "text/xml"}, f'<?xml version="1.0"?>{xml}'.encode()
