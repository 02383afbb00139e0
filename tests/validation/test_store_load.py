"""From shards to labelled arrays, and to one file and back."""

from pathlib import Path

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.sweeps import Question, RunFolder, Shard, Variable, consolidate, grid, load, read_stored, write_shard

QUESTION = Question("statics", "quick", 3, {"n": 30}, "1")
VARIABLES = {
    "accuracy": Variable((), "1", "accuracy on all pairs"),
    "diverged": Variable((), "1", "whether the loss became infinite"),
    "step": Variable(("step",), "step", "training steps"),
    "curve": Variable(("step",), "1", "accuracy while training"),
    "embedding": Variable(("symbol", "component"), "1", "embeddings at the end"),
}
# Three texts whose alphabetical order is not the turned-round order of appearance.
RELATIONS, MODES = ("greater-than", "modulo:3", "bipartite"), ("concatenation", "difference")
FRACTIONS, SEEDS = (0.1, 0.75), (0, 1, 2)


def shard(networks: list[dict[str, object]], steps: list[int], symbols: int = 3, position: int = 0) -> Shard:
    """Outcomes that say which network, step and symbol they belong to."""
    count = np.arange(len(networks), dtype=float) + 10 * position
    outcomes = {
        "accuracy": count,
        "diverged": count % 2 == 1,
        "step": np.tile(steps, (len(networks), 1)),
        "curve": count[:, np.newaxis] + np.array(steps) / 100,
        "embedding": (count[:, np.newaxis, np.newaxis] + np.zeros((1, symbols, 2))).astype(np.float32),
    }
    made_by = {"versions": {"numpy": "2"}, "wall_seconds": 1.5}
    return Shard(tuple(networks), outcomes, VARIABLES, "1", position, made_by)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.open(tmp_path / "run", QUESTION)


def product() -> list[dict[str, object]]:
    return [
        {"relation": r, "mode": m, "fraction": f, "seed": s, "steps": 100, "stream": i}
        for i, (r, m, f, s) in enumerate(
            (r, m, f, s) for r in RELATIONS for m in MODES for f in FRACTIONS for s in SEEDS
        )
    ]


def test_settings_become_coordinates_at_full_precision(run: RunFolder) -> None:
    networks: list[dict[str, object]] = [
        {"rate": 1e-05, "seed": 2**53, "wide": True, "mode": "a", "huge": 2**64, "decay": None, "widths": [3, 4]},
        {"rate": 0.1 + 0.2, "seed": -1, "wide": False, "mode": None, "huge": 1, "decay": 0.5, "widths": [], "late": 7},
    ]
    write_shard(run.shards, Shard(tuple(networks), {"accuracy": np.array([0.5, 1.0])}))
    loaded = load(run)
    assert loaded["rate"].values.tolist() == [1e-05, 0.1 + 0.2]
    assert loaded["seed"].values.tolist() == [2**53, -1]
    assert loaded["seed"].dtype == np.int64
    assert loaded["wide"].values.tolist() == [True, False]
    assert loaded["wide"].dtype == bool
    assert loaded["mode"].values.tolist() == ["a", ""]
    assert loaded["huge"].values.tolist() == ["18446744073709551616", "1"]
    assert loaded["widths"].values.tolist() == ["[3,4]", "[]"]
    np.testing.assert_array_equal(loaded["decay"], [np.nan, 0.5])
    np.testing.assert_array_equal(loaded["late"], [np.nan, 7])
    assert loaded["mode"].dims == ("network",)


def test_outcomes_have_axes_units_and_meanings(run: RunFolder) -> None:
    write_shard(run.shards, shard([{"seed": 0}, {"seed": 1}], [0, 50, 100]))
    loaded = load(run)
    assert loaded["accuracy"].attrs == {"units": "1", "long_name": "accuracy on all pairs"}
    assert loaded["curve"].dims == ("network", "step")
    assert loaded["step"].values.tolist() == [0, 50, 100]
    assert loaded["step"].attrs["units"] == "step"
    assert loaded["embedding"].dims == ("network", "symbol", "component")
    assert loaded["embedding"].dtype == np.float32
    assert loaded["diverged"].dtype == bool
    assert loaded.attrs["schema_version"] == 1
    assert loaded.attrs["question"] == (
        '{"engine":"1","experiment":"statics","options":{"n":30},"preset":"quick","sweep_seed":3}'
    )
    assert loaded.attrs["made_by"] == '[{"platform":null,"processors":null,"threads":null,"versions":{"numpy":"2"}}]'


def test_chunks_come_in_the_order_of_the_sweep_and_each_network_once(run: RunFolder) -> None:
    write_shard(run.shards, shard([{"seed": 4}, {"seed": 2}], [0], position=2))
    write_shard(run.shards, shard([{"seed": 9}, {"seed": 7}], [0], position=0))
    write_shard(run.shards, shard([{"seed": 2}, {"seed": 5}], [0], position=4))
    assert load(run)["seed"].values.tolist() == [9, 7, 4, 2, 5]
    assert load(run)["accuracy"].values.tolist() == [0, 1, 20, 21, 41]


def test_different_steps_and_sizes_are_joined_with_nan(run: RunFolder) -> None:
    write_shard(run.shards, shard([{"seed": 0}, {"seed": 1}], [0, 50], symbols=2))
    write_shard(run.shards, shard([{"seed": 2}], [10, 50, 90], symbols=3, position=2))
    loaded = load(run)
    assert loaded["step"].values.tolist() == [0, 10, 50, 90]
    expected = [[0, np.nan, 0.5, np.nan], [1, np.nan, 1.5, np.nan], [np.nan, 20.1, 20.5, 20.9]]
    np.testing.assert_array_equal(loaded["curve"], expected)
    np.testing.assert_array_equal(loaded["embedding"][:, :, 0], [[0, 0, np.nan], [1, 1, np.nan], [20, 20, 20]])


def test_a_network_that_repeats_its_last_record_has_it_once(run: RunFolder) -> None:
    write_shard(run.shards, shard([{"seed": 0}], [1, 5, 9]))
    write_shard(run.shards, shard([{"seed": 1}], [1, 5, 5], position=1))
    loaded = load(run)
    assert loaded["step"].values.tolist() == [1, 5, 9]
    np.testing.assert_array_equal(loaded["curve"], [[0.01, 0.05, 0.09], [10.01, 10.05, np.nan]])


def test_an_outcome_that_some_chunks_lack_is_nan_there(run: RunFolder) -> None:
    write_shard(run.shards, Shard(({"seed": 0},), {"count": np.array([3]), "good": np.array([True])}, position=0))
    write_shard(run.shards, Shard(({"seed": 1},), {"count": np.array([4])}, position=1))
    loaded = load(run)
    assert loaded["count"].dtype.kind == "i"
    np.testing.assert_array_equal(loaded["good"], [1, np.nan])


def test_a_run_without_chunks_cannot_be_loaded(run: RunFolder) -> None:
    with pytest.raises(InvalidInput, match="folder must hold at least one finished chunk"):
        load(run.path)


def test_the_grid_puts_every_network_where_it_belongs(run: RunFolder) -> None:
    networks = product()
    write_shard(run.shards, shard(networks, [0, 100]))
    pivoted = grid(load(run))
    assert pivoted["accuracy"].dims == ("relation", "mode", "fraction", "seed")
    assert pivoted["relation"].values.tolist() == list(RELATIONS)
    assert pivoted["curve"].dims == ("relation", "mode", "fraction", "seed", "step")
    for k, settings in enumerate(networks):
        place = {dim: settings[dim] for dim in ("relation", "mode", "fraction", "seed")}
        assert pivoted["accuracy"].sel(place) == k
        assert pivoted["curve"].sel({**place, "step": 100}) == k + 1
    assert pivoted["accuracy"].attrs["long_name"] == "accuracy on all pairs"
    assert pivoted["steps"] == 100
    assert "stream" not in pivoted.coords
    assert pivoted["diverged"].dtype == bool
    assert pivoted.attrs == load(run).attrs


@given(kept=st.sets(st.integers(0, 35), min_size=1), order=st.permutations(range(36)))
def test_any_part_of_a_grid_in_any_order_keeps_its_numbers(
    kept: set[int], order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = RunFolder.open(tmp_path_factory.mktemp("run"), QUESTION)
    networks = product()
    write_shard(run.shards, shard([networks[k] for k in order if k in kept], [0]))
    loaded = load(run)
    pivoted = grid(loaded)
    assert int(pivoted["accuracy"].notnull().sum()) == len(kept)
    for settings, accuracy in zip([networks[k] for k in order if k in kept], loaded["accuracy"].values, strict=True):
        place = {dim: settings[dim] for dim in ("relation", "mode", "fraction", "seed")}
        assert pivoted["accuracy"].sel(place) == accuracy


@pytest.mark.parametrize(
    ("dims", "complaint"),
    [
        (("relation", "colour"), "dims must be settings of the networks .*; got 'colour'"),
        (("relation", "mode", "seed"), "two agree in relation, mode, seed and differ in fraction, stream$"),
        (("seed", "seed"), "dims must be different settings"),
        ((), "dims must be different settings, at least one"),
    ],
)
def test_axes_that_do_not_tell_networks_apart_are_refused(
    run: RunFolder, dims: tuple[str, ...], complaint: str
) -> None:
    write_shard(run.shards, shard(product(), [0]))
    with pytest.raises(InvalidInput, match=complaint):
        grid(load(run), dims)


def test_one_file_gives_back_the_same_dataset(run: RunFolder, tmp_path: Path) -> None:
    networks = [settings | {"large": 2**40 + k, "text": "p ≥ ½", "none": None} for k, settings in enumerate(product())]
    write_shard(run.shards, shard(networks, [0, 100]))
    for dataset, name in ((load(run), "long.nc"), (grid(load(run)), "grid.nc")):
        checksum = consolidate(dataset, tmp_path / name)
        back = read_stored(tmp_path / name, checksum)
        xarray.testing.assert_identical(back, dataset)
        for variable in dataset.variables:
            assert back[variable].dtype.kind == dataset[variable].dtype.kind
            assert back[variable].dtype == dataset[variable].dtype or dataset[variable].dtype.kind == "U"


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    checksums = []
    for name in ("one", "two"):
        run = RunFolder.open(tmp_path / name, QUESTION)
        write_shard(run.shards, shard(product(), [0, 100]))
        checksums += [consolidate(run, tmp_path / "a.nc"), consolidate(run.path, tmp_path / "b.nc")]
    assert len(set(checksums)) == 1


def test_integers_of_every_size_survive(tmp_path: Path) -> None:
    values = {
        "small": np.array([1, -2], dtype=np.int8),
        "natural": np.array([0, 2**32 - 1], dtype=np.uint32),
        "edge": np.array([-(2**31), 2**31 - 1]),
        "just_beyond": np.array([2**31]),
        "beyond": np.array([-(2**31) - 1, 2**53]),
        "empty": np.zeros(0, dtype=np.int64),
    }
    dataset = xarray.Dataset({k: (f"{k}_axis", v) for k, v in values.items()}, attrs={"schema_version": 1})
    back = read_stored(tmp_path / "x.nc", consolidate(dataset, tmp_path / "x.nc"))
    for name, integers in values.items():
        assert back[name].dtype == integers.dtype
        np.testing.assert_array_equal(back[name], integers)


def test_another_file_is_refused(run: RunFolder, tmp_path: Path) -> None:
    write_shard(run.shards, shard([{"seed": 0}], [0]))
    file = tmp_path / "results.nc"
    checksum = consolidate(run, file)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"sha256 must be that of results\.nc"):
        read_stored(file, checksum)
    with pytest.raises(InvalidInput, match=r"path must be a readable file; .*No such file"):
        read_stored(tmp_path / "missing.nc", checksum)
    with pytest.raises(InvalidInput, match=r"path must be a file that can be written; .*No such file"):
        consolidate(run, tmp_path / "missing" / "results.nc")


def test_another_schema_is_refused(run: RunFolder, tmp_path: Path) -> None:
    write_shard(run.shards, shard([{"seed": 0}], [0]))
    later = load(run).assign_attrs(schema_version=99)
    checksum = consolidate(later, tmp_path / "later.nc")
    with pytest.raises(InvalidInput, match=r"path must hold results of schema version 1; later\.nc has 99"):
        read_stored(tmp_path / "later.nc", checksum)


def test_an_attribute_that_the_writer_keeps_to_itself_is_refused(tmp_path: Path) -> None:
    dataset = xarray.Dataset({"accuracy": ("network", [0.5])}, attrs={"schema_version": 1, "mode": "difference"})
    with pytest.raises(InvalidInput, match="source must have no attribute named mode"):
        consolidate(dataset, tmp_path / "results.nc")
    assert not list(tmp_path.iterdir())
