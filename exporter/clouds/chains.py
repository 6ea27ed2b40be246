"""Keys from where a vendor's own library finds them."""

import time
from collections.abc import Callable
from functools import partial

from exporter.clouds import alibaba_chain, huawei_chain
from exporter.clouds.providers import Chain
from exporter.clouds.renewal import RenewedKey
from exporter.credentials import AlibabaChain, HuaweiChain


def chain_keys(chain: AlibabaChain | HuaweiChain, now: Callable[[], float] = time.time) -> RenewedKey:
    """Return the source of the chain's keys; one is enough for all that use the same credentials."""
    if isinstance(chain, AlibabaChain):
        ask = Chain(partial(alibaba_chain.providers, chain))
    else:
        ask = Chain(partial(huawei_chain.providers, chain))
    return RenewedKey(ask, f"{chain.cloud}, chain {chain.chain}", now=now)
