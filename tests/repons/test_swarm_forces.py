"""Forces in a swarm: action and reaction, symmetries, likes that never repel; and what a swarm conserves."""

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.repons import swarm
from geneft_theory.symbolic import GradientFlow

seeds = st.integers(0, 2**32 - 1)
losses = st.sampled_from(["squared", "logistic"])


def draw(seed, loss, leading=(), scale=1.0):
    """A random swarm, with at least two repons of one class."""
    rng = np.random.default_rng(seed)
    n, p, d = rng.integers(2, 6), rng.integers(1, 4), rng.integers(1, 4)
    embeddings, decoder = rng.normal(size=(*leading, n, d)), rng.normal(size=(*leading, p, d))
    bias = rng.normal(size=(*leading, p))
    if loss == "squared":
        targets = rng.normal(size=(3, p))[rng.integers(0, 3, n)]
    else:
        targets = np.eye(p)[rng.integers(0, p, n)] if p > 1 else rng.integers(0, 2, (n, 1)).astype(float)
    targets[1] = targets[0]
    return scale * embeddings, scale * decoder, bias, targets


def total_loss(embeddings, decoder, bias, targets, loss):
    """The loss by PyTorch's own functions."""
    outputs = embeddings @ decoder.mT + bias[..., None, :]
    targets = torch.as_tensor(targets)
    if loss == "squared":
        return ((outputs - targets) ** 2).sum() / 2
    if targets.shape[-1] == 1:
        return torch.nn.functional.binary_cross_entropy_with_logits(outputs, targets, reduction="sum")
    return torch.nn.functional.cross_entropy(outputs, targets, reduction="sum")


@given(seeds, losses, st.floats(0.1, 10))
def test_the_forces_add_up_to_the_gradient(seed, loss, eta):
    embeddings, decoder, bias, targets = draw(seed, loss)
    place = torch.tensor(embeddings, requires_grad=True)
    total_loss(place, torch.tensor(decoder), torch.tensor(bias), targets, loss).backward()
    total = swarm.forces(embeddings, decoder, bias, targets, eta, loss).total
    np.testing.assert_allclose(total, -eta * place.grad.numpy(), rtol=1e-9, atol=1e-11)


@given(seeds, losses)
def test_action_is_reaction_and_only_the_common_force_moves_the_centroid(seed, loss):
    state = draw(seed, loss, leading=(3,))
    result = swarm.forces(*state, 0.7, loss)
    for force in (result.attraction, result.repulsion):
        np.testing.assert_array_equal(force, -np.swapaxes(force, -2, -3))
    np.testing.assert_allclose(result.total.mean(axis=-2), result.common, rtol=1e-9, atol=1e-12)


@given(seeds, losses)
def test_likes_never_repel_and_no_attraction_points_apart(seed, loss):
    embeddings, decoder, bias, targets = draw(seed, loss)
    result = swarm.forces(embeddings, decoder, bias, targets, 1, loss)
    like = np.all(targets[:, None] == targets[None, :], axis=-1)
    assert like[0, 1]
    assert np.all(result.repulsion[like] == 0)
    apart = embeddings[:, None] - embeddings[None, :]
    along = np.sum(result.attraction * apart, axis=-1)
    assert np.all(along <= 1e-12)
    # Unlike repons are driven in the direction in which the targets differ.
    difference = (targets[:, None] - targets[None, :]) @ decoder
    np.testing.assert_allclose(result.repulsion, difference / len(targets), atol=1e-12)


@given(seeds, losses)
def test_rotations_and_permutations_carry_over(seed, loss):
    embeddings, decoder, bias, targets = draw(seed, loss)
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(embeddings.shape[-1],) * 2))
    order = rng.permutation(len(embeddings))
    one = swarm.forces(embeddings, decoder, bias, targets, 1, loss)
    turned = swarm.forces(embeddings @ turn.T, decoder @ turn.T, bias, targets, 1, loss)
    permuted = swarm.forces(embeddings[order], decoder, bias, targets[order], 1, loss)
    for name in ("attraction", "repulsion", "common"):
        np.testing.assert_allclose(getattr(turned, name), getattr(one, name) @ turn.T, atol=1e-12)
    for name in ("attraction", "repulsion"):
        np.testing.assert_allclose(getattr(permuted, name), getattr(one, name)[order][:, order], atol=1e-12)
    np.testing.assert_allclose(permuted.common, one.common, atol=1e-12)


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_the_logistic_attraction_is_weaker_than_the_squared_one(first, second):
    places = [[first], [second]]
    squared = swarm.forces(places, [[1.0]], None, [[0], [0]], 1).attraction[0, 1, 0]
    logistic = swarm.forces(places, [[1.0]], None, [[0], [0]], 1, "logistic").attraction[0, 1, 0]
    # The sigmoid's slope is between 0 and 1/4.
    assert 0 <= logistic / squared <= 0.25 + 1e-12 if abs(squared) > 1e-9 else abs(logistic) <= 1e-9


def test_large_outputs_do_not_overflow():
    for targets in ([[1.0], [0.0]], [[1.0, 0.0], [0.0, 1.0]]):
        p = len(targets[0])
        result = swarm.forces([[1e50], [-1e50]], np.full((p, 1), 1e40), None, targets, 1, "logistic")
        assert np.isfinite(result.total).all()


def explicit(n, d, p, loss):
    """The gradient flow of a small swarm, symbol by symbol."""

    def entries(name, rows, columns):
        return sympy.Matrix(rows, columns, lambda i, j: sympy.Symbol(f"{name}_{i}{j}", real=True))

    eta_decoder, eta_encoder, eta_bias = sympy.symbols("eta_A eta_x eta_b", positive=True)
    x, a, b, y = entries("x", n, d), entries("a", p, d), entries("b", p, 1), entries("y", n, p)
    outputs = [a * x[i, :].T + b for i in range(n)]
    if loss == "squared":
        value = sum((outputs[i][k] - y[i, k]) ** 2 for i in range(n) for k in range(p)) / 2
    elif p == 1:
        value = sum(sympy.log(1 + sympy.exp(outputs[i][0])) - y[i, 0] * outputs[i][0] for i in range(n))
    else:
        last = {y[i, p - 1]: 1 - sum(y[i, : p - 1]) for i in range(n)}
        value = sum(
            sympy.log(sum(map(sympy.exp, outputs[i]))) - sum(y[i, k] * outputs[i][k] for k in range(p))
            for i in range(n)
        ).subs(last)
    rates = dict.fromkeys(a, eta_decoder) | dict.fromkeys(x, eta_encoder) | dict.fromkeys(b, eta_bias)
    return GradientFlow(value, rates), x, a, b


@pytest.mark.parametrize(
    ("n", "d", "p", "loss"),
    [
        (3, 1, 2, "squared"),
        (3, 2, 2, "squared"),
        (2, 2, 1, "squared"),
        (3, 1, 1, "logistic"),
        (2, 2, 2, "logistic"),
        (2, 1, 3, "logistic"),
    ],
)
def test_no_other_polynomials_up_to_degree_2_are_conserved(n, d, p, loss):
    flow, x, a, b = explicit(n, d, p, loss)
    eta_decoder, eta_encoder = sympy.symbols("eta_A eta_x", positive=True)
    assert all(flow.rate_of_change(entry) == 0 for entry in a.T * a / eta_decoder - x.T * x / eta_encoder)
    sums = d + 1 if loss == "logistic" and p > 1 else 0
    if sums:
        assert all(flow.rate_of_change(total) == 0 for total in [sum(b), *(sum(a[:, k]) for k in range(d))])
    found = flow.polynomial_invariants(2)
    assert len(found) == d * (d + 1) // 2 + sums + math.comb(sums + 1, 2)


@pytest.mark.parametrize(("n", "d", "p", "loss"), [(1, 2, 1, "squared"), (1, 2, 1, "logistic"), (1, 3, 1, "squared")])
def test_in_many_dimensions_minors_of_rows_and_embeddings_are_conserved_too(n, d, p, loss):
    flow, x, a, _ = explicit(n, d, p, loss)
    minors = math.comb(d, n + p)
    assert len(flow.polynomial_invariants(2)) == d * (d + 1) // 2 + minors
    volume = sympy.Matrix.vstack(a, x)[:, : n + p].det()
    assert flow.rate_of_change(volume) == 0
    if d == n + p:
        eta_decoder, eta_encoder = sympy.symbols("eta_A eta_x", positive=True)
        balance = a.T * a / eta_decoder - x.T * x / eta_encoder
        squared = balance.det() * (-1) ** n * eta_decoder**p * eta_encoder**n
        assert sympy.expand(squared - volume**2) == 0


def test_ratios_within_a_class_are_conserved_by_the_squared_loss_only():
    for loss, kept in (("squared", True), ("logistic", False)):
        flow, x, _, _ = explicit(3, 1, 1, loss)
        like = {sympy.Symbol(f"y_{i}0", real=True): sympy.Symbol("y", real=True) for i in range(3)}
        ratio = (x[0] - x[1]) / (x[1] - x[2])
        rate = flow.rate_of_change(ratio).subs(like)
        assert (sympy.simplify(rate) == 0) == kept


@given(seeds, losses)
def test_invariants_broadcast_and_do_not_see_rotations(seed, loss):
    embeddings, decoder, bias, _ = draw(seed, loss, leading=(2, 1))
    kept = swarm.invariants(embeddings, decoder, bias, [0.1, 0.2, 0.3], 0.5, loss)
    d = embeddings.shape[-1]
    assert kept.balance.shape == (2, 3, d, d)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))
    turned = swarm.invariants(embeddings @ turn.T, decoder @ turn.T, bias, [0.1, 0.2, 0.3], 0.5, loss)
    np.testing.assert_allclose(turned.balance, turn @ kept.balance @ turn.T, atol=1e-11)
    assert (kept.decoder_sum is not None) == (loss == "logistic" and decoder.shape[-2] > 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: swarm.forces([1, 2], [[1]], None, [[1]], 1), r"embeddings must have shape \(..., n, d\); got \(2,\)"),
        (lambda: swarm.forces([[1, 2]], [[1]], None, [[1]], 1), "must agree in their last axis"),
        (lambda: swarm.forces([[1]], [[1]], [1, 2], [[1]], 1), r"bias must have shape \(..., p\)"),
        (lambda: swarm.forces([[1]], [[1]], None, [[1, 2]], 1), r"targets must have shape \(..., n, p\)"),
        (lambda: swarm.forces([[1]], [[1]], None, [[[1]], [[1]]], 1), "targets must not have more swarms"),
        (lambda: swarm.forces([[1]], [[1]], None, [[2]], 1, "logistic"), r"targets must lie in \[0, 1\]; got 2"),
        (lambda: swarm.forces([[1]], [[1], [1]], None, [[0.5, 0.6]], 1, "logistic"), "must sum to 1"),
        (lambda: swarm.forces([[1]], [[1]], None, [[1]], 0), r"eta_encoder must lie in \(0, 1e\+100\]; got 0"),
        (lambda: swarm.forces([[1]], [[1]], None, [[1]], 1, "hinge"), "loss must be one of squared, logistic"),
        (lambda: swarm.forces(np.ones((2, 1, 1)), np.ones((3, 1, 1)), None, [[1]], 1), "leading axes must broadcast"),
        (lambda: swarm.invariants([[1]], [[1]], None, -1, 1), "eta_decoder must lie in"),
        (lambda: swarm.invariants([[1]], [[1]], None, 1, 1e-200), "eta_encoder must be >= 1e-100"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
