"""Run folders from strangers: whatever lies in them is refused in one line, or read as numbers; nothing is executed."""

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.sweeps import DamagedShard, Question, RunFolder, chunk_name, load, read_shard
from validation.sweeps.arrays import UNREADABLE, pack, unpack

NETWORKS = [{"seed": 0}, {"seed": 1}]
NAME = chunk_name(NETWORKS, "")
QUESTION = """
schema_version = 2
[question]
experiment = "a"
preset = "b"
sweep_seed = 0
[question.options]
"""


def header(**changes: Any) -> dict[str, Any]:
    described = {"accuracy": {"axes": [], "units": "1", "long_name": "accuracy"}}
    good = {"schema_version": 2, "engine": "", "settings": [], "shared": {}, "networks": NETWORKS}
    return good | {"variables": described, "position": 0, "provenance": {}} | changes


def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def shard(text: str | None = None, accuracy: bytes | None = None, compression: int = zipfile.ZIP_STORED) -> bytes:
    written = json.dumps(header()) if text is None else text
    head = npy(np.frombuffer(written.encode(), dtype=np.uint8))
    body = npy(np.array([0.5, 1.0])) if accuracy is None else accuracy
    return archive({"header.npy": head, "outcome.accuracy.npy": body}, compression)


def npy_with_header(text: str, data: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text + "\n").to_bytes(2, "little") + text.encode() + b"\n" + data


def placed(folder: Path, content: bytes) -> Path:
    path = folder / f"{NAME}.npz"
    path.write_bytes(content)
    return path


def test_the_stranger_of_these_tests_can_write_a_good_one(tmp_path: Path) -> None:
    assert read_shard(placed(tmp_path, shard())).outcomes["accuracy"].tolist() == [0.5, 1.0]


class Trap:
    """Unpickled, it would make a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("where", ["header", "outcome"])
def test_no_pickle_is_loaded(where: str, tmp_path: Path) -> None:
    trap = npy(np.array([Trap(tmp_path / "sprung")], dtype=object))
    content = shard(accuracy=trap) if where == "outcome" else archive({"header.npy": trap})
    with pytest.raises(DamagedShard, match="holds pickled objects, which are never loaded"):
        read_shard(placed(tmp_path, content))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (shard(compression=zipfile.ZIP_DEFLATED), "is compressed"),
        (shard(compression=zipfile.ZIP_BZIP2), "is compressed"),
        (shard(accuracy=npy(np.array(["a", "b"]))), "holds neither numbers nor booleans"),
        (shard(accuracy=npy(np.array([1j, 2j]))), "holds neither numbers nor booleans"),
        (shard(accuracy=npy(np.array(["2026-11-22"], dtype="M8[D]"))), "is no array of plain numbers"),
        (shard(accuracy=npy(np.zeros(2, dtype=[("a", float)]))), "is no array of plain numbers"),
        (shard(accuracy=b"not an array"), "is no array of the first format"),
        (shard(accuracy=npy_with_header("__import__('os').mkdir('x')", b"")), "is no array of plain numbers"),
        (
            shard(
                accuracy=npy_with_header(
                    "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }", b"12345678"
                )
            ),
            r"has 8 bytes, which are not those of the shape \(999999999999,\)",
        ),
        (
            shard(accuracy=npy_with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", b"12345678")),
            "is no array of plain numbers",
        ),
        (shard(json.dumps(header(position=float("nan")))), "NaN is no JSON"),
        (shard(json.dumps(header(position=float("inf")))), "Infinity is no JSON"),
        (shard(json.dumps(header()).replace('"position": 0', '"position": 1e999')), "settings must be JSON values"),
        (shard(json.dumps(header(networks=[{"seed": 0}, {"seed": float("nan")}]))), "NaN is no JSON"),
        (shard(json.dumps(header(networks=[{"seed": 0}, {"seed": 2}]))), "not the chunk that its name says"),
        (shard(json.dumps(header(networks=[]))), "networks must hold the settings of at least one"),
        (shard(json.dumps(header(networks=3))), "not a whole shard"),
        (shard(json.dumps(header(networks=["seed", "seed"]))), "not a whole shard"),
        (shard(json.dumps(header(settings=["seed", "rate"]))), "not a whole shard: 'rate'"),
        (
            shard(json.dumps(header(variables={"loss": {"axes": [], "units": "1", "long_name": ""}}))),
            "not a whole shard",
        ),
        (shard(json.dumps(header(variables={"accuracy": {"axes": ["step"], "units": "", "long_name": ""}}))), "axes"),
        (shard(json.dumps(header(provenance=[]))), "its position or provenance is of another kind"),
        (shard(json.dumps(header(schema_version=0))), "schema version 0"),
        (shard(json.dumps(header(schema_version=True))), "schema version True"),
        (shard("[" * 100_000), "not a whole shard"),
        (shard("3"), "not a whole shard"),
        (archive({"outcome.accuracy.npy": npy(np.zeros(2))}), "not a whole shard: 'header'"),
        (b"PK\x05\x06" + b"\0" * 18, "not a whole shard: 'header'"),
    ],
)
def test_what_no_run_of_ours_wrote_is_refused(content: bytes, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedShard, match=complaint) as refusal:
        read_shard(placed(tmp_path, content))
    assert "\n" not in str(refusal.value)


def test_a_name_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.npy", npy(np.zeros(2)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.npy", npy(np.zeros(2)))
    with pytest.raises(ValueError, match="a is there twice"):
        unpack(buffer.getvalue())


def test_entries_that_share_their_bytes_cannot_add_up(tmp_path: Path) -> None:
    entry = npy(np.zeros(100_000))
    content = bytearray(archive({f"{k:03}.npy": entry if k == 0 else npy(np.zeros(1)) for k in range(100)}))
    # Every entry of the table of contents claims the bytes of the first.
    start = content.index(b"PK\x01\x02")
    first = content[start : start + 46]
    position = start
    for _ in range(100):
        content[position + 16 : position + 28] = first[16:28]
        content[position + 42 : position + 46] = first[42:46]
        position = content.find(b"PK\x01\x02", position + 4)
        if position < 0:
            break
    with pytest.raises(ValueError, match="it claims to hold more than its own size"):
        unpack(bytes(content))


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    bomb = archive({"header.npy": npy(np.zeros(20_000_000, dtype=np.uint8))}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    path = placed(tmp_path, bomb)
    tracemalloc.start()
    try:
        with pytest.raises(DamagedShard, match="it claims to hold more than its own size"):
            read_shard(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = placed(tmp_path, b"")
    os.truncate(path, 2**40)
    with pytest.raises(DamagedShard, match="are more than any such file has"):
        read_shard(path)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_links_pipes_and_folders_are_not_followed(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.npz"
    if kind == "link":
        (tmp_path / "secret").write_bytes(shard())
        path.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(DamagedShard, match="it is no plain file"):
        read_shard(path)


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside", "a\x00b", "..\\outside", "x" * 300])
def test_names_are_names_and_never_places(name: str, tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path / "run", Question("noise", "quick", 0))
    described = {name: {"axes": [], "units": "1", "long_name": "a trap"}}
    head = npy(np.frombuffer(json.dumps(header(variables=described)).encode(), dtype=np.uint8))
    content = archive({"header.npy": head, f"outcome.{name}.npy": npy(np.array([0.5, 1.0]))})
    path = placed(run.shards, content)
    before = sorted(place for place in tmp_path.rglob("*"))
    try:
        assert read_shard(path).outcomes[name].tolist() == [0.5, 1.0]
    except DamagedShard:
        # A zip archive cuts names at a zero; then its contents are not those that it lists.
        assert "\x00" in name
    assert sorted(place for place in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (
            QUESTION + "rate = nan",
            "without",
        ),
        (
            QUESTION + "rate = inf",
            "without",
        ),
        ("a = " + "[" * 100_000, "cannot be read"),
        ("schema_version = nan", "schema version nan"),
        ("schema_version = 0", "schema version 0"),
    ],
)
def test_plans_of_strangers_are_refused(plan: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(plan)
    with pytest.raises(InvalidInput, match=complaint):
        RunFolder.existing(tmp_path)


def test_a_plan_that_is_a_link_or_huge_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "plan.toml").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="it is no plain file"):
        RunFolder.existing(tmp_path / "a")
    (tmp_path / "plan.toml").touch()
    os.truncate(tmp_path / "plan.toml", 2**40)
    with pytest.raises(InvalidInput, match="are more than any such file has"):
        RunFolder.existing(tmp_path)


def test_a_strangers_run_is_refused_as_a_whole_when_one_shard_is(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, Question("noise", "quick", 0))
    placed(run.shards, shard(compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(InvalidInput, match="is compressed"):
        load(run)


@given(position=st.integers(0, 10**6), mask=st.integers(1, 255), count=st.integers(1, 4))
def test_random_damage_gives_the_same_numbers_or_a_refusal(position: int, mask: int, count: int) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False])}
    content = bytearray(pack(arrays))
    for k in range(count):
        content[(position * (k + 1)) % len(content)] ^= mask
    try:
        back = unpack(bytes(content))
    except UNREADABLE:
        return
    for name in back.keys() & arrays.keys():
        assert back[name].tobytes() == arrays[name].tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3, 4)])
def test_arrays_come_back_with_their_shape_whatever_their_order(shape: tuple[int, ...], order: str) -> None:
    values = np.asarray(np.arange(np.prod(shape)).reshape(shape), order=order)
    (back,) = unpack(pack({"values": values})).values()
    assert back.shape == shape
    assert (back == values).all()
    assert back.flags.writeable


@pytest.mark.parametrize("values", [np.array(["a"]), np.array([{}], dtype=object), np.array([1j])])
def test_only_numbers_are_packed(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a must hold numbers or booleans; got dtype"):
        pack({"a": values})
