"""What a query counts or measures, told from the names of its families and what is done to them.

A family's name ends in its unit; the rest is arithmetic. A query that mixes what cannot be mixed is an error.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import singledispatch

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)


class Dimension(StrEnum):
    """What the numbers of a query are."""

    NUMBER = "a plain number"
    COUNT = "how many things there are"
    FLAG = "whether something is so"
    SECONDS = "seconds"
    MOMENT = "a moment, in seconds since 1970"
    MILLISECOND = "a moment, in milliseconds since 1970"
    RATIO = "a part of a whole"
    BYTES = "bytes"
    COUNTER = "a counter that only grows"
    SECONDS_COUNTER = "a counter of seconds that only grows"
    EACH_SECOND = "how many things in a second"
    EACH_MINUTE = "how many things in a minute"
    SHARE = "seconds in a second"


D = Dimension

ENDINGS: Mapping[str, Dimension] = {
    "_timestamp_seconds": D.MOMENT,
    "_start_time_seconds": D.MOMENT,
    "ALERTS_FOR_STATE": D.MOMENT,
    "_seconds_total": D.SECONDS_COUNTER,
    "_total": D.COUNTER,
    "_seconds_gcount": D.COUNT,
    "_seconds_count": D.COUNTER,
    "_seconds_sum": D.SECONDS_COUNTER,
    "_seconds_gsum": D.SECONDS,
    "_seconds_bucket": D.SECONDS,
    "_seconds": D.SECONDS,
    "_ratio": D.RATIO,
    "_bytes": D.BYTES,
    "_success": D.FLAG,
    "_successful": D.FLAG,
    "_complete": D.FLAG,
    "_info": D.FLAG,
}
"""The longest ending of a name that is here; any other family counts things."""

RATES = {D.COUNTER: D.EACH_SECOND, D.SECONDS_COUNTER: D.SHARE, D.SECONDS: D.SECONDS}
INCREASES = {D.COUNTER: D.COUNT, D.SECONDS_COUNTER: D.SECONDS, D.SECONDS: D.SECONDS}
TIMES: Mapping[tuple[Dimension, float | None], Dimension] = {
    (D.EACH_SECOND, 60.0): D.EACH_MINUTE,
    (D.SHARE, 60.0): D.SECONDS,
    (D.MOMENT, 1000.0): D.MILLISECOND,
}


class MixedError(ValueError):
    """What cannot be added, compared or rated."""


@singledispatch
def dimension(expr: Expr) -> Dimension:
    """Return what an expression's numbers are; raises MixedError where that makes no sense."""
    raise MixedError(f"not known here: {expr.prettify()}")


@dimension.register
def _(expr: VectorSelector) -> Dimension:
    name = expr.name or ""
    if name == "up":
        return D.FLAG
    ending = max((end for end in ENDINGS if name.endswith(end)), key=len, default="")
    return ENDINGS.get(ending, D.COUNT)


@dimension.register
def _(expr: MatrixSelector) -> Dimension:
    return dimension(expr.vector_selector)


@dimension.register(ParenExpr)
@dimension.register(UnaryExpr)
@dimension.register(SubqueryExpr)
def _(expr: ParenExpr | UnaryExpr | SubqueryExpr) -> Dimension:
    return dimension(expr.expr)


@dimension.register
def _(expr: NumberLiteral) -> Dimension:
    return D.NUMBER


@dimension.register
def _(expr: AggregateExpr) -> Dimension:
    inner, how = dimension(expr.expr), str(expr.op)
    if how in {"count", "count_values"}:
        return D.COUNT
    if how == "sum":
        return {D.FLAG: D.COUNT}.get(inner, inner)
    return inner


@dimension.register
def _(expr: Call) -> Dimension:
    name = expr.func.name
    if name == "time":
        return D.MOMENT
    if name in {"rate", "irate", "increase"}:
        table = INCREASES if name == "increase" else RATES
        return grown(dimension(expr.args[0]), table, expr)
    if name in {"vector", "absent", "timestamp"}:
        return {"vector": D.NUMBER, "absent": D.FLAG, "timestamp": D.MOMENT}[name]
    return dimension(expr.args[-1] if name == "histogram_quantile" else expr.args[0])


def grown(inner: Dimension, table: Mapping[Dimension, Dimension], expr: Expr) -> Dimension:
    """Return what the growth of a counter is."""
    if inner not in table:
        raise MixedError(f"{inner} does not grow: {expr.prettify()}")
    return table[inner]


@dimension.register
def _(expr: BinaryExpr) -> Dimension:
    left, right = dimension(expr.lhs), dimension(expr.rhs)
    modifier = expr.modifier
    if modifier is not None and modifier.return_bool:
        return D.FLAG
    return JOINED.get(str(expr.op), kept)(left, right, expr)


Join = Callable[[Dimension, Dimension, BinaryExpr], Dimension]


def kept(left: Dimension, right: Dimension, expr: BinaryExpr) -> Dimension:
    """Return what a filter leaves: the left side. Numbers are compared with their like."""
    return left


def alike(left: Dimension, right: Dimension, expr: BinaryExpr) -> Dimension:
    """Return what is on both sides."""
    if left != right and {left, right} != {D.SECONDS_COUNTER, D.SECONDS}:
        raise MixedError(f"{left} or {right}: {expr.prettify()}")
    return left


def summed(left: Dimension, right: Dimension, expr: BinaryExpr) -> Dimension:
    """Return what a sum or difference is."""
    if left == right == D.MOMENT:
        return D.SECONDS
    if {left, right} <= {D.FLAG, D.NUMBER}:
        return D.FLAG
    if D.NUMBER in {left, right}:
        raise MixedError(f"{left} and {right}: {expr.prettify()}")
    return alike(left, right, expr)


def product(left: Dimension, right: Dimension, expr: BinaryExpr) -> Dimension:
    """Return what a product is."""
    if isinstance(expr.lhs, NumberLiteral):
        return TIMES.get((right, expr.lhs.val), right)
    if isinstance(expr.rhs, NumberLiteral):
        return TIMES.get((left, expr.rhs.val), left)
    for part in (D.FLAG, D.RATIO):  # 1 keeps a number, 0 makes it none, what is between a part of it
        if part in {left, right}:
            return right if left == part else left
    raise MixedError(f"{left} times {right}: {expr.prettify()}")


def quotient(left: Dimension, right: Dimension, expr: BinaryExpr) -> Dimension:
    """Return what a quotient is."""
    if left == right:
        return D.RATIO
    if {left, right} == {D.SECONDS, D.COUNT} or (left, right) == (D.SHARE, D.EACH_SECOND):
        return D.SECONDS  # an average
    raise MixedError(f"{left} by {right}: {expr.prettify()}")


JOINED: Mapping[str, Join] = {"or": alike, "+": summed, "-": summed, "*": product, "/": quotient}
