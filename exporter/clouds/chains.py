"""Keys from where a vendor's own library finds them."""

import time
from collections.abc import Callable
from functools import partial

from exporter.clouds import alibaba_chain, huawei_chain
from exporter.clouds.providers import Chain
from exporter.clouds.renewal import RenewedKey, Start, in_a_thread
from exporter.credentials import AlibabaChain, HuaweiChain


def chain_keys(
    chain: AlibabaChain | HuaweiChain, *, now: Callable[[], float] = time.time, start: Start = in_a_thread
) -> RenewedKey:
    """Return the source of the chain's keys; one is enough for all that use the same credentials."""
    return RenewedKey(asked(chain), f"{chain.cloud}, chain {chain.chain}", now=now, start=start)


def asked(chain: AlibabaChain | HuaweiChain) -> Chain:
    """Return the chain as it is asked, which takes its time."""
    if isinstance(chain, AlibabaChain):
        return Chain(partial(alibaba_chain.providers, chain))
    return Chain(partial(huawei_chain.providers, chain))
