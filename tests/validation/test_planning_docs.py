"""The page on running sweeps: its scripts are Python, and the numbers that its arithmetic rests on hold."""

import ast
import re
from pathlib import Path

import pytest

from validation.experiments.running import Training
from validation.networks import NetworkSettings
from validation.planning.groups import groups_of
from validation.planning.memory import store_bytes
from validation.sweeps.runner import run_chunks
from validation.training import ENGINE
from validation.training.storing import Kept

PAGE = (Path(__file__).parents[2] / "docs" / "running-sweeps.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("script", SCRIPTS)
def test_cluster_scripts_are_python(script):
    assert ast.parse(script).body


def test_the_options_of_the_ssh_script_are_known():
    distributed = pytest.importorskip("distributed")
    from distributed.cli.dask_ssh import main as dask_ssh

    known = {option for parameter in dask_ssh.params for option in parameter.opts}
    assert {"--hostfile", "--nworkers", "--nthreads"} <= known
    assert {"worker_options", "hosts"} <= set(distributed.SSHCluster.__annotations__)


@pytest.mark.parametrize(("points", "bytes_each"), [(30, 850), (0, 141)])
def test_a_network_takes_the_room_that_the_page_says(points, bytes_each):
    assert f"{bytes_each}" in PAGE
    networks = [NetworkSettings(relation="modulo:3", fraction=0.75, seed=k, steps=2000) for k in range(64)]
    kept = Kept(points=points)
    groups = groups_of([[network.to_dict() for network in networks]])
    whole, _ = store_bytes(groups, Training(kept), kept.variables, ENGINE)
    assert whole / 64 == pytest.approx(bytes_each, rel=0.05)


def test_the_page_names_the_arguments_of_a_sweep():
    assert {"executor", "shard"} <= set(run_chunks.__annotations__)
