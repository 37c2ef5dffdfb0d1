"""Success and failure conditions: argo-rollouts' expressions, read with Python's parser and a short list."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
}
_COMPUTE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALL: dict[str, Callable[..., Any]] = {
    "len": len,
    "asFloat": float,
    "asInt": int,
    "isNaN": math.isnan,
    "isInf": math.isinf,
    "isNil": lambda value: value is None,
    "default": lambda value, other: other if value is None or value == [] else value,
}


class ConditionError(ValueError):
    """A condition that cannot be read or does not fit the value."""


def holds(condition: str, result: Any) -> bool:
    """Whether a condition is true of a measured value."""
    text = re.sub(r"!(?!=)", " not ", condition.replace("&&", " and ").replace("||", " or ")).strip()
    try:
        answer = _value(ast.parse(text, mode="eval").body, result)
    except (SyntaxError, TypeError, KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise ConditionError(f"{condition!r} cannot be evaluated: {error}") from None
    if not isinstance(answer, bool):
        raise ConditionError(f"expected bool, but got {type(answer).__name__}")
    return answer


def _value(node: ast.expr, result: Any) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return {"result": result, "true": True, "false": False, "nil": None}[name]
        case ast.Attribute(value=inner, attr=name):
            return _value(inner, result)[name]
        case ast.Subscript(value=inner, slice=index):
            return _value(inner, result)[_value(index, result)]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, result) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, result) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _value(inner, result)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, result)
        case ast.BinOp(left=left, op=op, right=right):
            return _COMPUTE[type(op)](_value(left, result), _value(right, result))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return bool(_COMPARE[type(op)](_value(left, result), _value(right, result)))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _CALL[name](*(_value(argument, result) for argument in args))
        case _:
            raise ConditionError("not an expression of conditions")


def judge(metric: dict[str, Any], result: Any) -> str:
    """The phase that a measured value earns."""
    success, failure = metric.get("successCondition", ""), metric.get("failureCondition", "")
    if failure and holds(failure, result):
        return "Failed"
    if success:
        if holds(success, result):
            return "Successful"
        return "Inconclusive" if failure else "Failed"
    return "Successful"
