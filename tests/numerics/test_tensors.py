"""The torch side of `compile`: it agrees with NumPy, keeps dtype and device, and gradients flow through it."""

import numpy as np
import pytest
import sympy
import torch

from geneft_theory import InvalidInput, catalogue
from geneft_theory.numerics import compile

X, Y = sympy.symbols("x y", real=True)

# Each with the interval of both arguments on which it is compared.
FUNCTIONS = [
    (X * Y - sympy.log(2) * X**2, (-2, 2)),
    (sympy.exp(X) * sympy.tanh(Y) + sympy.sqrt(2), (-2, 2)),
    (1 - (1 - 1 / X) ** Y, (1.5, 9)),
    (sympy.log(1 + X) + sympy.atan2(X, Y) - sympy.atan(Y / X), (0.1, 3)),
    (sympy.Max(0, X, Y) - sympy.Min(X, 1) + sympy.Abs(Y) + sympy.sign(X), (-2, 2)),
    (sympy.Piecewise((X**2, X > Y), (Y, (X < 0) & (Y < 1)), (3, True)), (-2, 2)),
    (sympy.Piecewise((X, (X > 1) | (Y > 1)), (sympy.pi, True)), (-2, 2)),
    (sympy.log(sympy.factorial(X)) + sympy.loggamma(Y) + sympy.factorial(X), (0.1, 9)),
    (sympy.erf(X) + sympy.erfc(Y) + sympy.asin(X / 4) + sympy.cosh(Y), (-2, 2)),
    (sympy.Integer(7), (-1, 1)),
]


@pytest.mark.parametrize(("expression", "interval"), FUNCTIONS)
def test_torch_agrees_with_numpy(expression, interval):
    x, y = np.random.default_rng(5).uniform(*interval, (2, 40))
    expected = compile(expression, [X, Y])(x, y[:, None])
    values = compile(expression, [X, Y], backend="torch")(torch.tensor(x), torch.tensor(y)[:, None])
    assert values.shape == (40, 40)
    assert values.dtype == torch.float64
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_keeps_the_dtype(dtype):
    for expression, (low, _) in FUNCTIONS:
        function = compile(expression, [X, Y], "torch")
        assert function(torch.full((2,), low + 0.5, dtype=dtype), 1.75).dtype == dtype
        assert function(torch.tensor(low + 0.5, dtype=dtype), 1.75).shape == ()
    assert compile(X / 2, [X], "torch")(torch.arange(3)).dtype == torch.get_default_dtype()
    assert compile(X / 2, [X], "torch")(3).item() == 1.5
    assert compile(sympy.Integer(2), [], "torch")().item() == 2


def test_torch_stays_on_the_device():
    # The meta device stands for an accelerator: tensors there have no numbers, and mix with no others.
    x = torch.ones(3, device="meta")
    for expression, _ in FUNCTIONS:
        assert compile(expression, [X, Y], "torch")(x, 2.0).device == x.device
        assert compile(expression, [X, Y], "torch")(torch.tensor(1.0), x).device == x.device


def test_gradients_flow_through_torch():
    x = torch.linspace(0.5, 1.5, 5, dtype=torch.float64, requires_grad=True)
    expression = sympy.log(1 + X) * sympy.exp(-(X**2)) + sympy.Max(0, X - 1)
    compile(expression, [X], "torch")(x).sum().backward()
    derivative = compile(sympy.diff(expression, X), [X])
    np.testing.assert_allclose(x.grad[[0, 1, 3, 4]], derivative(x.detach().numpy())[[0, 1, 3, 4]], rtol=1e-13)


def test_a_statement():
    statement = catalogue["statics.known_fraction"]
    expected = float(statement(samples=300.0, bits=40.0))
    values = [torch.tensor({"samples": 300.0, "bits": 40.0}[q.name], dtype=torch.float64) for q in statement.arguments]
    assert compile(statement, backend="torch")(*values).item() == pytest.approx(expected, rel=1e-13)


def test_several_expressions_come_back_together_and_are_compiled_once():
    expressions = (X * Y, sympy.Integer(1))
    product, one = compile(expressions, [X, Y], "torch")(torch.tensor([1.0, 2.0]), 3.0)
    assert product.tolist() == [3, 6]
    assert one.tolist() == [1, 1]
    assert compile([], [X], "torch")(1.0) == ()
    assert compile(expressions, [X, Y], "torch") is compile(list(expressions), [X, Y], "torch")


def test_a_function_that_torch_lacks():
    with pytest.raises(InvalidInput, match=r"'torch' must have .* lacks gamma"):
        compile(sympy.gamma(X), [X], "torch")
