"""Saying no in the vendors' own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Cloud(StrEnum):
    """Whose manners an answer has."""

    ALIBABA = "alibaba"
    OCTOPUS = "octopus"
    DATAARTS = "dataarts"
    IAM = "iam"


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - it is an answer, and no error of ours
    """A request is answered with no. ``headers`` go on the answer beside the usual ones."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
}


def body(cloud: Cloud, refusal: Refusal, request_id: str, host: str) -> dict[str, Any]:
    """Return the body of a refusal: Alibaba's common error format, Huawei's gateway format, IAM's own."""
    if cloud is Cloud.ALIBABA:
        return {
            "RequestId": request_id,
            "HostId": host,
            "Code": refusal.code,
            "Message": refusal.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={refusal.code}&product=AIWorkSpace",
        }
    if cloud is Cloud.IAM and not refusal.code.startswith("APIGW."):
        title = TITLES.get(refusal.status, "Error")
        return {"error": {"code": refusal.status, "message": refusal.message, "title": title}}
    if refusal.code.startswith("APIGW."):
        return {"error_msg": refusal.message, "error_code": refusal.code, "request_id": request_id}
    return {"error_code": refusal.code, "error_msg": refusal.message}


def unknown_path(cloud: Cloud) -> Refusal:
    """Return the answer to a path or method that no API has."""
    if cloud is Cloud.ALIBABA:
        message = "Specified api is not found, please check your url and method."
        return Refusal(404, "InvalidAction.NotFound", message)
    return Refusal(404, "APIGW.0101", "The API does not exist or has not been published in the environment")


def bad_parameter(cloud: Cloud, message: str) -> Refusal:
    """Return the answer to a parameter that is missing, malformed or out of its range."""
    code = {Cloud.ALIBABA: "InvalidParameter", Cloud.OCTOPUS: "octopus.400000", Cloud.DATAARTS: "DLF.3051"}
    return Refusal(400, code.get(cloud, "IAM.0011"), message)


def no_permission(cloud: Cloud) -> Refusal:
    """Return the answer to somebody who is known but may not. DataArts Factory answers it with status 400."""
    if cloud is Cloud.ALIBABA:
        message = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
        return Refusal(403, "Forbidden.RAM", message)
    if cloud is Cloud.DATAARTS:
        return Refusal(400, "DLF.6888", "Invalid account permissions.")
    if cloud is Cloud.IAM:
        return Refusal(403, "IAM.0002", "You are not authorized to perform the requested action.")
    return Refusal(403, "octopus.400003", "No permission.")


def forbidden(cloud: Cloud) -> Refusal:
    """Return the same, but with status 403 everywhere."""
    answer = no_permission(cloud)
    return Refusal(403, answer.code, answer.message)


def not_authenticated(cloud: Cloud, message: str = "decrypt token fail") -> Refusal:
    """Return the answer to somebody who is not known; for Huawei the message says what was wrong."""
    if cloud is Cloud.ALIBABA:
        return Refusal(401, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    if cloud is Cloud.IAM:
        return Refusal(401, "IAM.0001", "The username or password is wrong.")
    return Refusal(401, "APIGW.0301", f"Incorrect IAM authentication information: {message}")


def throttled(cloud: Cloud, *, limit: float, wait: float) -> Refusal:
    """Return the answer to too many requests; ``wait`` is in seconds and told by Alibaba only."""
    if cloud is Cloud.ALIBABA:
        hint = {"x-acs-retry-after": str(max(1, round(wait * 1000)))}
        return Refusal(400, "Throttling.User", "Request was denied due to user flow control.", hint)
    message = (
        f"The throttling threshold has been reached: policy user over ratelimit,limit:{limit:g},time:1 second"
    )
    return Refusal(429, "APIGW.0308", message)


def server_error(cloud: Cloud) -> Refusal:
    """Return the answer of a cloud that is not well."""
    code = {Cloud.ALIBABA: "InternalError", Cloud.OCTOPUS: "octopus.400100", Cloud.DATAARTS: "DLF.0001"}
    return Refusal(
        500, code.get(cloud, "IAM.0500"), "The request processing has failed due to some unknown error."
    )
