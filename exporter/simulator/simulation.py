"""The clouds behind the port: who may ask, what is answered, in whose manners."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from random import Random
from typing import Any

import msgspec

from exporter.simulator import dataarts_api, octopus_api, pai_api, refusal
from exporter.simulator.alibaba import AlibabaGate
from exporter.simulator.answer import Answer, spoil
from exporter.simulator.call import Call
from exporter.simulator.faults import REPLACING, Api, Fault, Kind
from exporter.simulator.huawei import HuaweiGate
from exporter.simulator.parameters import Parameters
from exporter.simulator.refusal import Cloud, Refusal
from exporter.simulator.settings import Settings
from exporter.simulator.throttle import Throttle
from exporter.simulator.tokens import Tokens
from exporter.simulator.wire import Request
from exporter.simulator.world.world import World

Handler = Callable[[Call], dict[str, Any]]
PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be called. ``action`` is its name at Alibaba; IAM's has no handler."""

    api: Api
    cloud: Cloud
    path: str
    handler: Handler | None
    method: str = "GET"
    action: str = ""


OPERATIONS = (
    Operation(
        api=Api.PAI_DATASET_JOBS,
        cloud=Cloud.ALIBABA,
        path="/api/v1/datasets/{dataset_id}/datasetjobs",
        handler=pai_api.list_dataset_jobs,
        action="ListDatasetJobs",
    ),
    Operation(
        api=Api.PAI_DATASETS,
        cloud=Cloud.ALIBABA,
        path="/api/v1/datasets",
        handler=pai_api.list_datasets,
        action="ListDatasets",
    ),
    Operation(
        api=Api.PAI_WORKSPACES,
        cloud=Cloud.ALIBABA,
        path="/api/v1/workspaces",
        handler=pai_api.list_workspaces,
        action="ListWorkspaces",
    ),
    Operation(
        api=Api.OCTOPUS_SYSTEM_JOBS,
        cloud=Cloud.OCTOPUS,
        path="/v1.0/{project_id}/data/system-jobs",
        handler=octopus_api.list_system_jobs,
    ),
    Operation(
        api=Api.OCTOPUS_QUEUING_JOBS,
        cloud=Cloud.OCTOPUS,
        path="/v1.0/{project_id}/data/queuing-jobs",
        handler=octopus_api.list_queuing_jobs,
    ),
    Operation(
        api=Api.DATAARTS_JOBS,
        cloud=Cloud.DATAARTS,
        path="/v1/{project_id}/jobs",
        handler=dataarts_api.list_jobs,
    ),
    Operation(
        api=Api.DATAARTS_INSTANCES,
        cloud=Cloud.DATAARTS,
        path="/v1/{project_id}/instances",
        handler=dataarts_api.list_instances,
    ),
    Operation(
        api=Api.DATAARTS_WORKSPACES,
        cloud=Cloud.DATAARTS,
        path="/v1/{project_id}/workspaces/{instance_id}",
        handler=dataarts_api.list_workspaces,
    ),
    Operation(api=Api.IAM_TOKENS, cloud=Cloud.IAM, path="/v3/auth/tokens", handler=None, method="POST"),
)


class Simulation:
    """Answers requests out of a world. It keeps what clouds keep: nonces, tokens, locks, rates."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._tokens = Tokens(settings)
        self._alibaba = AlibabaGate(settings)
        self._huawei = HuaweiGate(settings, self._tokens)
        self._throttle = Throttle(settings)
        self._random = Random(f"requests {settings.seed}")  # noqa: S311 - ids of requests

    def answer(
        self, operation: Operation | None, request: Request, faults: Mapping[Kind, Fault], now: float
    ) -> Answer:
        """Return the answer to a request; ``operation`` is None where no path matched."""
        cloud = operation.cloud if operation else _neighbour(request)
        request_id = self._request_id(cloud)
        try:
            if operation is None or request.method != operation.method:
                raise refusal.unknown_path(cloud)
            answer = _replacement(operation.cloud, faults)
            if answer is None:
                answer = spoil(self._true_answer(operation, request, faults, now, request_id), faults)
        except Refusal as exc:
            host = request.header("host") or ""
            content = msgspec.json.encode(refusal.body(cloud, exc, request_id, host))
            answer = Answer(status=exc.status, body=content, headers=exc.headers)
        return _stamped(answer, cloud, request_id, now)

    def _true_answer(
        self,
        operation: Operation,
        request: Request,
        faults: Mapping[Kind, Fault],
        now: float,
        request_id: str,
    ) -> Answer:
        """Let the caller in and answer."""
        if operation.handler is None:
            token, told = self._tokens.issue(request.body, now)
            return Answer(status=201, body=msgspec.json.encode(told), headers={"X-Subject-Token": token})
        signed = self._admit(operation, request, now)
        call = Call(
            request=request,
            parameters=Parameters(operation.cloud, request.query()),
            world=self._settings.troubles.of(self._world),
            settings=self._settings,
            now=now,
            faults=faults,
            signed=signed,
        )
        content = operation.handler(call)
        if operation.cloud is Cloud.ALIBABA:
            content = {"RequestId": request_id, **content}
        return Answer(status=200, body=msgspec.json.encode(content))

    def _admit(self, operation: Operation, request: Request, now: float) -> bool:
        """Let the caller in, or not; return whether they signed."""
        if operation.cloud is Cloud.ALIBABA:
            name, signed = self._alibaba.admit(request, operation.action, now).id, True
        else:
            caller = self._huawei.admit(request, operation.cloud, now)
            name, signed = caller.name, caller.signed
        self._throttle.admit(name, operation.cloud, now)
        return signed

    def _request_id(self, cloud: Cloud) -> str:
        """Return a new id in the form of the cloud."""
        digits = f"{self._random.getrandbits(128):032x}"
        if cloud is not Cloud.ALIBABA:
            return digits
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])).upper()


def _neighbour(request: Request) -> Cloud:
    """Return whose gateway answers for a path that is nobody's."""
    return Cloud.ALIBABA if request.raw_path.startswith("/api/") else Cloud.OCTOPUS


def _replacement(cloud: Cloud, faults: Mapping[Kind, Fault]) -> Answer | None:
    """Return the answer that a fault puts in the place of the true one.

    Raises Refusal: where it is one in the vendor's own form.
    """
    fault = next((faults[kind] for kind in REPLACING if kind in faults), None)
    if fault is None:
        return None
    refusals: dict[Kind, Refusal] = {
        Kind.HTTP_500: refusal.server_error(cloud),
        Kind.HTTP_401: refusal.not_authenticated(cloud),
        Kind.HTTP_403: refusal.forbidden(cloud),
        Kind.THROTTLE: refusal.throttled(cloud, limit=10, wait=(fault.value or 1000) / 1000),
    }
    if fault.kind in refusals:
        raise refusals[fault.kind]
    if fault.kind is Kind.HTTP_502_HTML:
        return Answer(status=502, body=PROXY_PAGE, content_type="text/html")
    if fault.kind is Kind.HTTP_503_EMPTY:
        return Answer(status=503, content_type=None)
    status = 500 if fault.value is None else int(fault.value)
    return Answer(status=status, body=msgspec.json.encode(_shaped(fault.kind, status)))


def _shaped(kind: Kind, status: int) -> dict[str, Any]:
    """Return an error in one of the shapes that were seen in the wild."""
    message = "The service is not in the mood."
    shapes: dict[Kind, dict[str, Any]] = {
        Kind.ERROR_SNAKE: {"error_code": "DEMO.0001", "error_msg": message},
        Kind.ERROR_CAMEL: {"errorCode": "DEMO.0001", "errorMsg": message},
        Kind.ERROR_PLAIN: {"code": "DEMO.0001", "message": message},
        Kind.ERROR_NESTED: {"error": {"code": status, "message": message, "title": "Demo"}},
        Kind.ERROR_CAPITAL: {"Code": "Demo.0001", "Message": message, "RequestId": "demo"},
    }
    return shapes[kind]


def _stamped(answer: Answer, cloud: Cloud, request_id: str, now: float) -> Answer:
    """Add what every answer has: the cloud's date, its name, the id of the request."""
    name = "x-acs-request-id" if cloud is Cloud.ALIBABA else "X-Request-Id"
    headers = {
        "Date": formatdate(now, usegmt=True),
        "Server": "api-gateway",
        name: request_id,
        **answer.headers,
    }
    return replace(answer, headers=headers)
