"""Shards: what comes back, what is refused, and that damage never passes for data."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from geneft_theory.errors import InvalidInput
from validation.sweeps import DamagedShard, Shard, Variable, canonical_json, chunk_name, read_shard, write_shard

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
settings_of_a_network = st.dictionaries(st.text(), json_values, max_size=4)
DTYPES = st.sampled_from([np.bool_, np.int8, np.uint16, np.int64, np.float32, np.float64])


def example() -> Shard:
    networks = tuple({"fraction": 0.1 * k, "seed": k} for k in range(3))
    outcomes = {
        "accuracy": np.array([0.5, 0.75, 1.0]),
        "diverged": np.array([False, True, False]),
        "step": np.array([[1, 10]] * 3),
        "train_loss": np.arange(6, dtype=np.float32).reshape(3, 2),
    }
    variables = {"train_loss": Variable(("step",), "nat", "loss"), "step": Variable(("step",))}
    return Shard(networks, outcomes, variables, engine="1", position=6, provenance={"versions": {"numpy": "x"}})


@given(
    networks=st.lists(settings_of_a_network, min_size=1, max_size=3),
    data=st.data(),
)
def test_a_shard_comes_back_bit_for_bit(
    networks: list[dict[str, object]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shapes = array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3).map(lambda shape: (len(networks), *shape))
    outcome = data.draw(arrays(DTYPES, shapes))
    shard = Shard(tuple(networks), {"an outcome / of any name, file": outcome})
    folder = tmp_path_factory.mktemp("shards")
    back = read_shard(write_shard(folder, shard))
    assert back.networks == shard.networks
    (values,) = back.outcomes.values()
    assert values.dtype == outcome.dtype
    assert values.shape == outcome.shape
    assert values.tobytes() == outcome.tobytes()


def test_everything_beside_the_numbers_comes_back_too(tmp_path: Path) -> None:
    shard = example()
    back = read_shard(write_shard(tmp_path, shard))
    assert (back.engine, back.position, back.provenance) == (shard.engine, shard.position, shard.provenance)
    assert back.variables == shard.variables
    assert back.variables["accuracy"] == Variable((), "1", "accuracy")
    assert [file.name for file in tmp_path.iterdir()] == [f"{chunk_name(shard.networks, '1')}.npz"]


@given(settings=settings_of_a_network)
def test_a_name_depends_on_values_and_not_on_the_order_of_keys(settings: dict[str, object]) -> None:
    turned = dict(reversed(settings.items()))
    assert chunk_name([settings], "1") == chunk_name([turned], "1")
    assert chunk_name([settings], "1") != chunk_name([settings], "2")
    assert chunk_name([settings], "1") != chunk_name([settings, settings], "1")


def test_names_do_not_change_from_version_to_version() -> None:
    # A changed name would make every finished run compute again: that needs a new schema version, on purpose.
    assert chunk_name([{"fraction": 0.1, "mode": "difference"}], "1").startswith("43d481eb")


@given(one=st.floats(0, 1), other=st.floats(0, 1))
def test_no_digit_of_a_setting_is_lost(one: float, other: float) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (one.hex() == other.hex())


@given(position=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_an_altered_byte_is_found_or_harmless(
    position: int, mask: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_shard(tmp_path_factory.mktemp("shards"), example())
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(content)
    try:
        back = read_shard(path)
    except DamagedShard:
        return
    for name, values in example().outcomes.items():
        assert back.outcomes[name].tobytes() == values.tobytes()


def test_an_altered_shape_is_found(tmp_path: Path) -> None:
    path = write_shard(tmp_path, example())
    content = path.read_bytes()
    assert content.count(b"'shape': (3, 2)") == 2
    path.write_bytes(content.replace(b"'shape': (3, 2)", b"'shape': (3, 1)"))
    with pytest.raises(DamagedShard, match=r"the checksum of outcome\.step is wrong"):
        read_shard(path)


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_shard_is_found(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write_shard(tmp_path_factory.mktemp("shards"), example())
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(DamagedShard, match="not a whole shard"):
        read_shard(path)


def test_a_shard_under_another_name_is_found(tmp_path: Path) -> None:
    path = write_shard(tmp_path, example())
    moved = path.rename(path.with_name("0" * 64 + ".npz"))
    with pytest.raises(DamagedShard, match="not the chunk that its name says"):
        read_shard(moved)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / ("0" * 64 + ".npz")
    np.savez(path, header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DamagedShard, match="pickle"):
        read_shard(path)


def test_a_missing_file_is_missing_and_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_shard(tmp_path / "nothing.npz")


@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exception: type[BaseException]
) -> None:
    def interrupt(descriptor: int) -> None:
        raise exception

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(exception):
        write_shard(tmp_path, example())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("networks", "outcomes", "complaint"),
    [
        ([], {}, "networks must hold the settings of at least one network"),
        ([{"seed": 0}], {"seed": [1.0]}, "outcome 'seed' must have another name"),
        ([{"seed": 0}], {"network": [1.0]}, "outcome 'network' must have another name"),
        ([{"seed": 0}], {"accuracy": 1.0}, "outcome 'accuracy' must have first axis 1"),
        ([{"seed": 0}], {"accuracy": [1.0, 2.0]}, r"must have first axis 1, the networks; got shape \(2,\)"),
        ([{"seed": 0}], {"accuracy": ["high"]}, "outcome 'accuracy' must hold numbers or booleans"),
        ([{"seed": 0}], {"loss": [1.0]}, r"outcome 'loss' must have the axes \('network', 'step'\)"),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(
    networks: list[dict[str, object]], outcomes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Shard(tuple(networks), {k: np.asarray(v) for k, v in outcomes.items()}, {"loss": Variable(("step",))})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.arange(3), {1, 2}])
def test_settings_that_json_cannot_say_are_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="settings must be JSON values"):
        chunk_name([{"value": value}], "1")


@pytest.mark.parametrize("axes", [("network",), ("step", "step"), ("",)])
def test_axes_that_do_not_fit_are_refused(axes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="axes must be different names"):
        Variable(axes)
