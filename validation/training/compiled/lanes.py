"""Sixteen float32 numbers as one value inside functions that Numba compiles.

Loops over arrays leave to the compiler how wide its vectors are and in which order it adds, which differs between
processors and with the code around. A value of this type has 16 lanes everywhere; where the processor's vectors are
shorter, the compiler takes several. All operations round as IEEE 754 says.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

LANES = 16
_FLOAT, _INTEGER = ir.FloatType(), ir.IntType(32)
_VECTOR, _INTEGERS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INTEGER, LANES)
EXPONENT_BIAS, MANTISSA_BITS = 127, 23
# A float32 number as large as this has no fraction: adding it rounds to whole numbers, and leaves these, with the bias
# that exponents are stored with, in the last bits.
WHOLE = 1.5 * 2.0**MANTISSA_BITS + EXPONENT_BIAS


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"Lanes({LANES})")


lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, frontend_type: Any) -> None:
        super().__init__(manager, frontend_type, _VECTOR)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@intrinsic
def load(_: Any, array: Any, index: Any) -> Any:
    """Return array[index : index + 16] of a contiguous float32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load(place, align=4)

    return lanes(array, types.intp), generate


@intrinsic
def store(_: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a value to array[index : index + 16] of a contiguous float32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def fill(_: Any, number: Any) -> Any:
    """Return 16 times the same float32 number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, arguments[0], _INTEGER(0))
        return builder.shuffle_vector(first, undefined, ir.Constant(_INTEGERS, [0] * LANES))

    return lanes(types.float32), generate


@intrinsic
def take(_: Any, array: Any, index: Any) -> Any:
    """Return array[index] of a contiguous array; an index below 0 does not count from the end."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load(builder.gep(data, [arguments[1]]))

    return array.dtype(array, types.intp), generate


@intrinsic
def put(_: Any, array: Any, index: Any, number: Any) -> Any:
    """Write a number to array[index] of a contiguous array; an index below 0 does not count from the end."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        builder.store(arguments[2], builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), generate


@intrinsic
def total(_: Any, value: Any) -> Any:
    """Return the sum of the lanes: halves are added to each other until one number is left."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, count = arguments[0], LANES
        while count > 1:
            undefined = ir.Constant(ir.VectorType(_FLOAT, count), ir.Undefined)
            count //= 2
            places = [list(range(count)), list(range(count, 2 * count))]
            halves = [ir.Constant(ir.VectorType(_INTEGER, count), half) for half in places]
            value = builder.fadd(*(builder.shuffle_vector(value, undefined, half) for half in halves))
        return builder.extract_element(value, _INTEGER(0))

    return types.float32(lanes), generate


@intrinsic
def power_of_two(_: Any, biased: Any) -> Any:
    """Return 2**k of whole numbers k in [-126, 127], given as k + `WHOLE`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], _INTEGERS)
        return builder.bitcast(builder.shl(bits, ir.Constant(_INTEGERS, [MANTISSA_BITS] * LANES)), _VECTOR)

    return lanes(lanes), generate


@intrinsic
def where_positive(_: Any, condition: Any, value: Any) -> Any:
    """Return the value where the condition is > 0, and 0 elsewhere, also where the condition is not a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        return builder.select(builder.fcmp_ordered(">", arguments[0], zero), arguments[1], zero)

    return lanes(lanes, lanes), generate


def _library(name: str, arity: int) -> Any:
    """Return one of LLVM's own functions of vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function_type = ir.FunctionType(_VECTOR, [_VECTOR] * arity)
        function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.{name}.v{LANES}f32")
        return builder.call(function, arguments)

    return _operation(generate, arity)


def _operation(generate: Callable[..., Any], arity: int) -> Any:
    signature = lanes(*[lanes] * arity)
    if arity == 1:
        return intrinsic(lambda _, first: (signature, generate))
    if arity == 2:
        return intrinsic(lambda _, first, second: (signature, generate))
    return intrinsic(lambda _, first, second, third: (signature, generate))


fused_multiply_add = _library("fma", 3)
square_root = _library("sqrt", 1)
absolute = _library("fabs", 1)


def _bounding(symbol: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bound, value = arguments
        return builder.select(builder.fcmp_ordered(symbol, bound, value), bound, value)

    return _operation(generate, 2)


# at_most(bound, value) and at_least(bound, value) are the value, or the bound where the value lies beyond it. What is
# not a number is handed on, so that a diverged network shows.
at_most = _bounding("<")
at_least = _bounding(">")


def _arithmetic(symbol: Any, instruction: str) -> None:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)

    operation = _operation(generate, 2)

    @overload(symbol, strict=False)
    def _(left: Any, right: Any) -> Any:
        return (lambda left, right: operation(left, right)) if left is lanes and right is lanes else None


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_symbol, _instruction)
