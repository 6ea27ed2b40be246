"""Who calls Alibaba Cloud: keys, dates and nonces.

The common error page documents InvalidAccessKeyId.NotFound, IncompleteSignature, IllegalTimestamp and
Forbidden.RAM with their statuses; the other codes are as they are seen in practice.
"""

import hmac
from collections import OrderedDict
from datetime import UTC, datetime

from exporter.simulator import acs3, wire
from exporter.simulator.identities import DemoKey
from exporter.simulator.refusal import Cloud, Refusal, no_permission, unknown_path
from exporter.simulator.settings import Settings
from exporter.simulator.wire import Request

VERSION = "2021-02-04"


class AlibabaGate:
    """Lets signed requests in. It remembers nonces for as long as their date could still be accepted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nonces: OrderedDict[tuple[str, str], float] = OrderedDict()

    def admit(self, request: Request, action: str, now: float) -> DemoKey:
        """Return the key that signed the request.

        Raises Refusal: with what the gateway would answer.
        """
        given = wire.credentials(request.header("authorization") or "", acs3.ALGORITHM) or {}
        if not {"Credential", "SignedHeaders", "Signature"} <= set(given):
            raise Refusal(
                400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."
            )
        key = self._key(given["Credential"])
        self._check_common(request, action, now)
        signed = given["SignedHeaders"].split(";")
        _check_signature(request, key, signed, given["Signature"])
        _check_token(request, key, now)
        self._check_nonce(key, request.header("x-acs-signature-nonce") or "", now)
        if not key.allowed:
            raise no_permission(Cloud.ALIBABA)
        return key

    def _key(self, name: str) -> DemoKey:
        """Return the key of that id."""
        for key in self._settings.alibaba_keys:
            if key.id == name:
                return key
        raise Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")

    def _check_common(self, request: Request, action: str, now: float) -> None:
        """Refuse what the common headers do not allow."""
        if request.header("x-acs-version") != VERSION:
            raise Refusal(400, "InvalidVersion", "Specified parameter Version is not valid.")
        if request.header("x-acs-action") != action:
            raise unknown_path(Cloud.ALIBABA)
        if not request.header("x-acs-signature-nonce"):
            raise Refusal(400, "MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
        date = _moment(request.header("x-acs-date"))
        if date is None or abs(date - now) > self._settings.tolerance:
            raise Refusal(
                400, "IllegalTimestamp", "Specified time stamp or date value is expired or malformed."
            )

    def _check_nonce(self, key: DemoKey, nonce: str, now: float) -> None:
        """Refuse a nonce for the second time."""
        while self._nonces and next(iter(self._nonces.values())) < now - 2 * self._settings.tolerance:
            self._nonces.popitem(last=False)
        if (key.id, nonce) in self._nonces:
            raise Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[key.id, nonce] = now


def _check_signature(request: Request, key: DemoKey, signed: list[str], given: str) -> None:
    """Refuse a signature that is not ours, and one that leaves out what it must cover."""
    forgotten = acs3.unsigned(request, signed)
    payload = wire.payload_hash(request.body)
    canonical = acs3.canonical_request(request, signed, payload)
    expected = acs3.signature(key.secret, canonical)
    if (
        forgotten
        or request.header("x-acs-content-sha256") != payload
        or not hmac.compare_digest(expected, given)
    ):
        message = (
            "Specified signature does not match our calculation. "
            f"server StringToSign is [{acs3.string_to_sign(canonical)}], "
            f"server CanonicalRequest is [{canonical}]"
        )
        raise Refusal(400, "SignatureDoesNotMatch", message)


def _check_token(request: Request, key: DemoKey, now: float) -> None:
    """Refuse a temporary key without its token, a wrong token, and one whose time is over."""
    given = request.header("x-acs-security-token")
    if given != key.security_token:
        code = "MissingSecurityToken" if given is None else "InvalidSecurityToken.MismatchWithAccessKey"
        raise Refusal(400, code, "Specified SecurityToken does not belong to the access key.")
    if now >= key.expires:
        raise Refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


def _moment(text: str | None) -> float | None:
    """Return the seconds since 1970 of an x-acs-date."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
