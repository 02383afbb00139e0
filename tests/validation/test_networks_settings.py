"""Settings are checked when they are made, survive a round trip through plain types, and need no torch."""

import json
import subprocess
import sys
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.networks import MODES, NetworkSettings

TASK = {"relation": "modulo:3", "fraction": 0.75, "seed": 0}


def test_defaults_are_the_published_hyperparameters():
    settings = NetworkSettings(**TASK)
    assert (settings.n, settings.embedding_dimension, settings.depth, settings.width) == (30, 2, 3, 50)
    assert (settings.activation, settings.optimizer, settings.mode) == ("tanh", "adam", "concatenation")
    assert settings.eta_encoder == settings.eta_decoder == 1e-3
    assert settings.weight_decay_encoder == settings.weight_decay_decoder == 0


@pytest.mark.parametrize(
    ("mode", "depth", "scale"), [("difference", 3, 0.5), ("equality_head", 0, 0.1), ("order_head", 0, 0.1)]
)
def test_the_mode_decides_depth_and_scale_that_are_not_given(mode, depth, scale):
    settings = NetworkSettings(**TASK, mode=mode)
    assert (settings.depth, settings.embedding_scale) == (depth, scale)
    assert NetworkSettings(**TASK, mode=mode, embedding_scale=0.3).embedding_scale == 0.3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 0),
        ("n", 3.0),
        ("fraction", 0),
        ("fraction", 1.5),
        ("fraction", float("nan")),
        ("seed", -1),
        ("seed", True),
        ("sweep_seed", 0.5),
        ("relation", 3),
        ("relation", "no such relation"),
        ("mode", "sum"),
        ("depth", -1),
        ("width", 0),
        ("activation", "sigmoid"),
        ("embedding_dimension", 0),
        ("embedding_scale", 0),
        ("loss", "hinge"),
        ("output_clamp", 0),
        ("output_clamp", 0.5),
        ("optimizer", "lbfgs"),
        ("eta_encoder", -1e-3),
        ("eta_decoder", float("inf")),
        ("weight_decay_encoder", -1),
        ("weight_decay_decoder", "little"),
        ("beta_first", 1),
        ("beta_second", -0.1),
        ("adam_epsilon", 0),
        ("momentum", 1),
        ("steps", 0),
    ],
)
def test_a_setting_outside_its_domain_is_refused_by_name(name, value):
    with pytest.raises(InvalidInput, match=name) as refusal:
        NetworkSettings(**{**TASK, name: value})
    assert "\n" not in str(refusal.value)


def test_a_head_has_no_hidden_layers():
    with pytest.raises(InvalidInput, match="depth must be 0 for mode order_head"):
        NetworkSettings(**TASK, mode="order_head", depth=3)


@given(
    mode=st.sampled_from(sorted(MODES)),
    fraction=st.floats(0.001, 1),
    eta=st.floats(0, 1e6),
    seed=st.integers(0, 2**63 - 1),
    width=st.integers(1, 100),
)
def test_a_round_trip_through_toml_and_json_changes_nothing(mode, fraction, eta, seed, width):
    settings = NetworkSettings(
        relation="greater-than", fraction=fraction, seed=seed, mode=mode, eta_encoder=eta, width=width
    )
    values = settings.to_dict()
    assert NetworkSettings.from_dict(json.loads(json.dumps(values))) == settings
    assert NetworkSettings.from_dict(tomllib.loads(tomli_w.dumps(values))) == settings
    assert hash(NetworkSettings.from_dict(values)) == hash(settings)


def test_an_unknown_setting_is_refused():
    with pytest.raises(InvalidInput, match=r"setting must be one of .*; got 'learning_rate'"):
        NetworkSettings.from_dict({**TASK, "learning_rate": 0.1})


def test_a_missing_setting_is_named():
    with pytest.raises(InvalidInput, match="seed must be given"):
        NetworkSettings.from_dict({"relation": "modulo:3", "fraction": 0.5})


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        NetworkSettings(**TASK).depth = 2


def test_settings_and_plans_need_no_torch():
    program = (
        "import sys; from validation.networks import NetworkSettings; from validation.training import chunks, train; "
        "chunks([NetworkSettings(relation='modulo:3', fraction=0.5, seed=0)]); print('torch' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
