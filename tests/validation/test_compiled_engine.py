"""The compiled step at odd shapes, its place in memory, numbers that are none, and the kinds of processor."""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numba.core import caching

from validation.networks import NetworkSettings
from validation.networks.reference import ReferenceNetwork
from validation.training import train
from validation.training.compiled import disk, step
from validation.training.compiled.layout import aligned_zeros
from validation.training.compiled.network import CompiledNetwork

GUARD = 64
DECODERS = ("concatenation", "difference", "squared_difference")
# Another kind of processor than most machines have: shorter vectors than the newest, and fewer registers.
HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+avx,+sse4.2,+bmi,+bmi2"}
OTHER_PROCESSOR = HASWELL if platform.machine().lower() in ("x86_64", "amd64") else {"NUMBA_CPU_NAME": "generic"}

ODD_SHAPES = {
    "one symbol": {"n": 1},
    "one pair, one unit": {"n": 2, "fraction": 1e-9, "width": 1, "depth": 6, "embedding_dimension": 1},
    "no hidden layer": {"n": 3, "depth": 0, "embedding_dimension": 7, "mode": "difference"},
    "gelu": {"n": 5, "depth": 6, "width": 6, "embedding_dimension": 7, "activation": "gelu", "optimizer": "adamw"},
    "relu": {"n": 7, "depth": 2, "width": 11, "activation": "relu", "optimizer": "sgd", "mode": "squared_difference"},
    "many symbols": {"n": 100, "fraction": 0.1, "width": 5, "depth": 1, "embedding_dimension": 1},
    "equality head": {"n": 9, "mode": "equality_head", "embedding_dimension": 7},
    "order head": {"n": 4, "mode": "order_head", "embedding_dimension": 1, "loss": "mean_squared_error"},
}


def settings_of(**choices):
    return NetworkSettings(**{"relation": "modulo:2", "fraction": 1.0, "seed": 3, "steps": 3, **choices})


@st.composite
def networks(draw):
    mode = draw(st.sampled_from([*DECODERS, "equality_head", "order_head"]))
    decoder = {
        "depth": draw(st.integers(0, 6)),
        "width": draw(st.sampled_from([1, 2, 5, 6, 17])),
        "activation": draw(st.sampled_from(["tanh", "relu", "gelu"])),
    }
    return settings_of(
        relation=draw(st.sampled_from(["modulo:2", "modulo:3", "greater-than"])),
        n=draw(st.sampled_from([1, 2, 3, 7])),
        fraction=draw(st.sampled_from([1e-9, 0.3, 1.0])),
        seed=draw(st.integers(0, 1000)),
        mode=mode,
        embedding_dimension=draw(st.sampled_from([1, 2, 7])),
        loss=draw(st.sampled_from(["binary_cross_entropy", "mean_squared_error"])),
        **(decoder if mode in DECODERS else {}),
    )


def exact_gradients(settings):
    """Return gradients in float64, and by how much the pairs together could move each if none cancelled another."""
    network = ReferenceNetwork(settings).double()
    first, second, targets = network.training_data()
    linear = [module for module in network.decoder if isinstance(module, torch.nn.Linear)]
    whole, sizes = None, None
    for pair in range(len(first)):
        network.zero_grad()
        chosen = slice(pair, pair + 1)
        torch.autograd.backward(network.loss(network(first[chosen], second[chosen]), targets[chosen].double()))
        parts = [network.embeddings.grad.T, *(torch.vstack([m.bias.grad, m.weight.grad.T]) for m in linear)]
        own = [part.numpy() / len(first) for part in parts]
        whole = own if whole is None else [a + b for a, b in zip(whole, own, strict=True)]
        norms = np.array([np.linalg.norm(part) for part in own])
        sizes = norms if sizes is None else sizes + norms
    return whole, sizes


@given(networks())
def test_gradients_at_odd_shapes(settings):
    expected, sizes = exact_gradients(settings)
    computed = CompiledNetwork(settings).gradients()
    assert [part.shape for part in computed] == [part.shape for part in expected]
    for value, exact, size in zip(computed, expected, sizes, strict=True):
        assert np.linalg.norm(value - exact) <= rounding(settings) * size


def rounding(settings):
    """Return which share of a gradient float32 may cost."""
    if settings.has_decoder or settings.loss == "mean_squared_error":
        # Up to eight products one after the other, each of which rounds a few times 6e-8 of its size.
        return 1e-5
    # A head's output, which is rounded as a number near 1 is, stands in the denominator of the cross-entropy's slope.
    network = ReferenceNetwork(settings).double()
    output = network(*network.training_data()[:2]).detach()
    slack = torch.minimum(output, 1 - output)
    return 1e-5 + 1e-6 / min([1.0, *slack[slack > 0].tolist()])


@given(networks())
def test_outputs_at_odd_shapes(settings):
    first, second = np.divmod(np.arange(settings.n**2), settings.n)
    reference = ReferenceNetwork(settings).double()
    with torch.no_grad():
        expected = reference(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    np.testing.assert_allclose(CompiledNetwork(settings).outputs(), expected, rtol=1e-5, atol=1e-5)


def guarded(arrays, zones):
    """Return a named tuple with its float arrays in the middle of memory whose numbers are none."""

    def moved(array):
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            return array
        zone = np.full(array.size + 2 * GUARD, np.nan, dtype=np.float32)
        zone[GUARD : GUARD + array.size] = array
        zones.append(zone)
        return zone[GUARD : GUARD + array.size]

    return type(arrays)(*(moved(array) for array in arrays))


def in_guarded_memory(settings):
    network, zones = CompiledNetwork(settings), []
    for name in ("_state", "_rule", "_pairs", "_all_pairs", "_buffers", "_full_buffers"):
        setattr(network, name, guarded(getattr(network, name), zones))
    return network, zones


def assert_guards_stand(zones):
    assert len(zones) >= 4 + 2 + 2 * 2 + 2 * 5
    for zone in zones:
        assert np.isnan(zone[:GUARD]).all()
        assert np.isnan(zone[-GUARD:]).all()


@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_nothing_is_read_or_written_outside_the_arrays(shape):
    settings = settings_of(**ODD_SHAPES[shape])
    network, zones = in_guarded_memory(settings)
    plain = CompiledNetwork(settings)
    for trained in (network, plain):
        trained.advance(3)
    # A number from outside would be none, and spread.
    assert network.finite()
    assert network.outputs().tobytes() == plain.outputs().tobytes()
    assert network.embeddings().tobytes() == plain.embeddings().tobytes()
    assert_guards_stand(zones)


@pytest.mark.parametrize("shape", ODD_SHAPES)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -3e38])
def test_whatever_the_parameters_are_memory_is_safe(shape, poison):
    network, zones = in_guarded_memory(settings_of(**ODD_SHAPES[shape]))
    state = network.state()
    state["parameters"][::2] = poison
    network.restore(state, 1)
    network.advance(3)
    network.outputs()
    if not np.isfinite(poison):
        assert not network.finite()
    assert_guards_stand(zones)


@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_pairs_are_numbered_within_the_table(shape):
    settings = settings_of(**ODD_SHAPES[shape])
    network = CompiledNetwork(settings)
    for pairs in (network._pairs, network._all_pairs):
        for symbols in (pairs.first, pairs.second):
            assert 0 <= symbols.min() <= symbols.max() < settings.n
            assert symbols.size % 32 == 0


def test_padding_stays_zero():
    network = CompiledNetwork(settings_of(n=7, width=6, depth=3, optimizer="adamw", weight_decay_decoder=0.1))
    network.advance(20)
    parameters = network.state()["parameters"]
    for view in network._layout.parts(parameters):
        assert np.all(view != 0)
        view[:] = 0
    assert not parameters.any()


@pytest.mark.parametrize("mode", [*DECODERS, "equality_head", "order_head"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_absurd_learning_rates_are_recorded_and_nothing_else(mode, optimizer):
    wild = [
        settings_of(n=6, fraction=0.5, mode=mode, optimizer=optimizer, eta_encoder=eta, eta_decoder=eta, steps=40,
                    loss=loss, weight_decay_encoder=0.1, **({"activation": kind} if mode in DECODERS else {}))
        for eta in (1e10, 1e30)
        for loss in ("binary_cross_entropy", "mean_squared_error")
        for kind in (("tanh", "relu", "gelu") if mode in DECODERS else ("tanh",))
    ]  # fmt: skip
    outcomes = train(wild)
    healthy = np.isfinite(outcomes.train_loss) & np.isfinite(outcomes.embeddings).all((1, 2))
    assert not np.any(~healthy & ~outcomes.diverged)
    assert np.all((outcomes.accuracy >= 0) & (outcomes.accuracy <= 1))
    if mode == "squared_difference" and optimizer == "sgd":
        assert outcomes.diverged.any()


def test_what_becomes_of_padding_does_not_end_a_training():
    # Pair (0, 0), which is not trained on, overflows: its output is infinite, all others are finite.
    relation = {"relation": "modulo:2", "n": 4, "mode": "concatenation", "depth": 1, "activation": "relu"}
    seed = next(s for s in range(100) if 0 not in trained_pairs(settings_of(**relation, fraction=0.1, seed=s)))
    settings = settings_of(**relation, fraction=0.1, seed=seed, optimizer="sgd", loss="mean_squared_error")
    network = CompiledNetwork(settings)
    used = np.unique(np.divmod(trained_pairs(settings), 4))
    unused = np.setdiff1d(np.arange(4), used)
    assert 0 in unused
    state = network.state()
    network._layout.parts(state["parameters"])[0][:, unused] = 3e38
    network.restore(state, 0)
    assert not np.isfinite(network.outputs()[0])
    network.advance(5)
    assert network.finite()


def trained_pairs(settings):
    first, second, _ = ReferenceNetwork(settings).training_data()
    return (first * settings.n + second).numpy()


def test_adams_constant_may_be_smaller_than_any_float32():
    settings = settings_of(n=7, fraction=0.2, adam_epsilon=1e-60, steps=20)
    outcomes = train([settings])
    assert not outcomes.diverged.any()


VARIETY = """
import hashlib
from validation.networks import NetworkSettings
from validation.training import train
choices = [
    {},
    {"activation": "gelu", "mode": "difference", "optimizer": "sgd", "width": 17},
    {"activation": "relu", "mode": "squared_difference", "optimizer": "adamw", "width": 6, "depth": 1},
    {"mode": "equality_head"},
    {"mode": "order_head", "loss": "mean_squared_error"},
]
networks = [
    NetworkSettings(relation="modulo:3", n=12, fraction=0.6, seed=k, steps=60, weight_decay_decoder=0.01, **own)
    for k, own in enumerate(choices)
]
outcomes = train(networks, record_steps=[])
digests = [
    hashlib.sha256(outcomes.embeddings[k].tobytes() + outcomes.train_loss[k].tobytes()).hexdigest()
    for k in range(len(networks))
]
"""


def test_processors_with_other_vectors_give_the_same_bits():
    script = "from numba.core.registry import cpu_target\n" + VARIETY
    script += "print(*digests, cpu_target.target_context.codegen().magic_tuple()[1])"
    environment = {**os.environ, **OTHER_PROCESSOR}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    *digests, processor = done.stdout.split()
    own = {}
    exec(VARIETY, own)
    assert processor == OTHER_PROCESSOR["NUMBA_CPU_NAME"]
    assert digests == own["digests"]
    assert len(set(digests)) == len(digests)


def test_the_digest_stands_for_every_file(tmp_path, monkeypatch):
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("x = 1\n")
    before = disk._digest(tmp_path)
    assert disk._digest(tmp_path) == before
    (tmp_path / "two.py").write_text("x = 2\n")
    changed = disk._digest(tmp_path)
    (tmp_path / "two.py").write_text("x = 1\n")
    assert disk._digest(tmp_path) == before != changed
    own = disk._digest(Path(step.__file__).parent)[:16]
    for function in (step.advance, step.respond):
        assert own in function.py_func.__qualname__
    # Another processor has other code.
    other = SimpleNamespace(magic_tuple=lambda: ("x86_64", "another", "+fma"))
    target = SimpleNamespace(target_context=SimpleNamespace(codegen=lambda: other))
    monkeypatch.setattr(disk, "cpu_target", target)
    assert disk._digest(tmp_path) != before


CONSTANT = 1


def kept_with(digest, constant, monkeypatch):
    def number():
        return CONSTANT

    monkeypatch.setattr(disk, "_digest", lambda *folders: hashlib.sha256(digest.encode()).hexdigest())
    monkeypatch.setitem(globals(), "CONSTANT", constant)
    return disk.kept_on_disk(number)


def test_compiled_code_is_taken_from_disk_until_a_source_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert kept_with("old sources", 1, monkeypatch)() == 1
    # Numba itself sees no change: neither this file nor the function's own code is another.
    assert kept_with("old sources", 2, monkeypatch)() == 1
    assert kept_with("new sources", 2, monkeypatch)() == 2
    assert len(list(tmp_path.rglob("*.nbi"))) == 2


def test_without_a_folder_to_write_to_everything_still_works(monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    function = kept_with("sources", 3, monkeypatch)
    assert function() == 3
    assert not function.stats.cache_path


def test_vectors_begin_where_lines_of_the_cache_begin():
    for count in (32, 33, 1000):
        zeros = aligned_zeros(count)
        assert zeros.shape == (count,)
        assert zeros.ctypes.data % 64 == 0
        assert not zeros.any()


def test_other_names_of_the_processor_are_the_same_engine():
    settings = settings_of(n=5)
    named = train([settings], device="cpu:0")
    assert named.embeddings.tobytes() == train([settings]).embeddings.tobytes()
