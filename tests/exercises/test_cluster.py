"""Grading on a Dask cluster: as on one machine, and when parts of it fail."""

import csv
import gc
import os
import pickle
import signal
import sys
import threading

import dask
from distributed import Client, LocalCluster
import psutil
import pytest

from exercises.grader import __main__ as command
from exercises.grader import cluster, pool
from exercises.grader.grade import NotGraded, grade_cells
from tests.exercises.samples import RIGHT, sum_check

# Not beside the attacks, which take what a machine has.
pytestmark = pytest.mark.xdist_group("alone")

CHECKS = [sum_check("total")]


@pytest.fixture
def start(light_package, monkeypatch, isolated):
    """Start a cluster whose workers load no Keras."""
    # Dask's new processes look for modules where this one does.
    monkeypatch.syspath_prepend(light_package.parent)
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.5)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 3)
    started = []

    def start(workers, failures=3, processes=True):
        with dask.config.set(
            {"distributed.scheduler.allowed-failures": failures}
        ):
            local = LocalCluster(
                n_workers=workers,
                processes=processes,
                threads_per_worker=1,
                dashboard_address=None,
            )
        local.isolated = isolated
        started.append(local)
        return local

    yield start
    for local in started:
        local.close()


def test_a_client_that_could_not_connect_is_gone_at_once(monkeypatch):
    # Collected later, it can stop the loop of a cluster that starts.
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    gc.disable()
    try:
        with pytest.raises(RuntimeError, match="no Dask scheduler answers"):
            cluster.connect("tcp://127.0.0.1:9")
        left = [one for one in gc.get_objects() if isinstance(one, Client)]
    finally:
        gc.enable()
    assert [client for client in left if client.status != "closed"] == []


def pool_on(local):
    return cluster.Cluster(local.scheduler_address, 4, 0.5, local.isolated)


def grade(pool, *texts):
    cells = list(enumerate([RIGHT, *texts], 1))
    return grade_cells(pool, CHECKS, cells, "anna", 7)


def rows(folder):
    with open(folder / "scores.csv", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def test_a_cluster_gives_the_scores_of_one_machine(
    batch, tmp_path, start, capsys
):
    here, there = tmp_path / "results", tmp_path / "there"
    assert command.main(batch) == 0
    printed = capsys.readouterr().out
    on = ["--scheduler", start(2).scheduler_address, "--out", str(there)]
    assert command.main([*batch, *on]) == 0
    assert capsys.readouterr().out == printed.replace(str(here), str(there))
    assert rows(there) == rows(here)
    for file in (here / "feedback").iterdir():
        assert (there / "feedback" / file.name).read_text() == (
            file.read_text()
        )


def servers(client):
    """The processes that Dask's workers have started."""
    pids = client.run(os.getpid).values()
    return [child for pid in pids for child in psutil.Process(pid).children()]


def test_one_pool_serves_many_submissions_and_ends_with_them(start):
    with pool_on(start(1)) as pool:
        assert pool.jobs == 1
        assert grade(pool).score == 1
        first = servers(pool._client)
        assert grade(pool, "os._exit(0)").score == 1
        assert servers(pool._client) == first
        assert len(first) == 1
    psutil.wait_procs(first, 5)
    assert not first[0].is_running()


def test_neither_judge_nor_seed_travels(start, monkeypatch):
    sent = []
    with pool_on(start(1)) as pool:
        submit = pool._client.submit

        def record(*arguments, **options):
            sent.append(pickle.dumps(arguments))
            return submit(*arguments, **options)

        monkeypatch.setattr(pool._client, "submit", record)
        assert grade(pool).score == 1
    (only,) = sent
    assert b"def probe" in only
    assert b"judge" not in only
    assert b"not the sum" not in only


def kill_workers(pool):
    for pid in pool._client.run(os.getpid).values():
        os.kill(pid, signal.SIGKILL)


def soon(call, *arguments):
    """Call in half a second, while a submission runs."""
    timer = threading.Timer(0.5, call, arguments)
    timer.start()
    return timer


SLOW = "import time; time.sleep(1.5)"


def test_a_lost_worker_s_submission_is_run_again(start):
    with pool_on(start(2)) as pool:
        timer = soon(kill_workers, pool)
        assert grade(pool, SLOW).score == 1
        timer.join()


def test_a_submission_that_loses_each_worker_is_not_graded(start):
    with pool_on(start(1, failures=0)) as pool:
        timer = soon(kill_workers, pool)
        with pytest.raises(NotGraded, match="lost each Dask worker"):
            grade(pool, SLOW)
        timer.join()
        assert grade(pool).score == 1


def test_without_workers_or_scheduler_nothing_is_graded(start, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    local = start(1)
    with pool_on(local) as pool:
        pool._client.retire_workers()
        with pytest.raises(NotGraded, match="no Dask worker any more"):
            grade(pool)
        timer = soon(local.close)
        with pytest.raises(NotGraded, match="any more|scheduler is lost"):
            grade(pool)
        timer.join()
        with pytest.raises(NotGraded, match="scheduler is lost"):
            grade(pool)


def test_a_cluster_that_cannot_isolate_is_refused(batch, start, capsys):
    """A worker without isolation says so before anything is sent to it."""

    class Refusing(pool.Pool):
        def start(self):
            raise RuntimeError("unshare: refused")

    address = start(1, processes=False).scheduler_address
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "Pool", Refusing)
        assert command.main([*batch, "--scheduler", address]) == 2
    error = capsys.readouterr().err
    assert f"a Dask worker of {address} cannot grade: unshare: ref" in error


def test_an_address_without_a_scheduler_is_named(batch, start, capsys):
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        assert command.main([*batch, "--scheduler", address]) == 2
        error = capsys.readouterr().err
        assert f"no Dask scheduler answers at {address}" in error


def test_a_cluster_without_workers_is_an_error(batch, start, capsys):
    address = start(0).scheduler_address
    assert command.main([*batch, "--scheduler", address]) == 2
    error = capsys.readouterr().err
    assert f"the Dask scheduler at {address} has no workers" in error


def test_a_worker_without_the_grader_is_an_error(
    batch, start, capsys, monkeypatch
):
    def fail(*_):
        raise ModuleNotFoundError("No module named 'exercises'")

    monkeypatch.setattr(cluster.KeepPool, "__reduce__", lambda _: (fail, ()))
    assert (
        command.main([*batch, "--scheduler", start(1).scheduler_address]) == 2
    )
    error = capsys.readouterr().err
    assert "cannot load the grader" in error
    assert "No module named 'exercises'" in error


def test_a_missing_dask_is_said(batch, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "exercises.grader.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command.main([*batch, "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert 'pip install -e ".[cluster]"' in capsys.readouterr().err


def test_jobs_are_for_one_machine(batch, capsys):
    with pytest.raises(SystemExit):
        command.main([*batch, "--jobs", "2", "--scheduler", "tcp://a:1"])
    assert "not allowed with argument --jobs" in capsys.readouterr().err
