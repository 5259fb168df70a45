"""Send submissions to a Dask cluster: a pool whose workers are elsewhere.

The checks, what a good answer is, and the seed stay here. What travels is
what a submission meets on one machine too: its cells, probes and inputs. On
each Dask worker a plugin keeps one `Pool`, whose process has loaded Keras
and forks a process for each submission.
"""

import asyncio
from concurrent.futures import CancelledError
import contextlib
import gc
import uuid

from distributed import Client, KilledWorker, WorkerPlugin, get_worker, wait

from exercises.grader.inside import isolate
from exercises.grader.pool import MEMORY, TIMEOUT, Pool, Run

CONNECT_SECONDS = 10
POLL_SECONDS = 5
PATIENCE_SECONDS = 30


def connect(address):
    """A client of the Dask scheduler at an address.

    Raises
    ------
    RuntimeError
        If none answers there.
    """
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        reason = f"no Dask scheduler answers at {address}: {error}"
    # When it is collected, a client that could not connect waits for a lock
    # of Dask's: for ever, if that happens while another loop starts.
    gc.collect()
    raise RuntimeError(reason)


class KeepPool(WorkerPlugin):
    """Keep a pool on each Dask worker, until it ends or the batch does."""

    def __init__(self, timeout, memory, isolated):
        self.name = f"grader-{uuid.uuid4().hex}"
        self._limits = timeout, memory, isolated

    async def setup(self, worker):
        self.pool = Pool(*self._limits)
        try:
            await asyncio.to_thread(self.pool.start)
        except BaseException:
            self.pool.close()
            raise

    def teardown(self, worker):
        self.pool.close()


def run_there(name, cells, tasks):
    """Run a submission in the pool of the Dask worker that calls this."""
    return get_worker().plugins[name].pool.run(cells, tasks)


class Cluster:
    """The workers of a Dask cluster, used like a `Pool`.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.
    timeout, memory, isolated
        As for `Pool`.

    Attributes
    ----------
    jobs : int
        How many threads its workers have, each for one submission.

    Raises
    ------
    RuntimeError
        If no scheduler answers there, or it has no workers that can grade.
    """

    def __init__(
        self, address, timeout=TIMEOUT, memory=MEMORY, isolated=True
    ):
        isolate.shut_memory()
        self._plugin = KeepPool(timeout, memory, isolated)
        self._client = connect(address)
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            self._client.register_plugin(self._plugin)
        except TimeoutError:
            self.close()
            raise RuntimeError(
                f"the Dask scheduler at {address} has no workers"
            ) from None
        except RuntimeError as error:
            self.close()
            raise RuntimeError(
                f"a Dask worker of {address} cannot grade: {error}"
            ) from None
        except Exception as error:
            self.close()
            raise RuntimeError(
                f"a Dask worker of {address} cannot load the grader: {error}"
                "; start all workers in a checkout of this repository"
            ) from None
        self.jobs = sum(self._client.nthreads().values())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the pools on the Dask workers."""
        # Whatever has become of the cluster costs no results any more.
        with contextlib.suppress(Exception):
            self._client.unregister_worker_plugin(self._plugin.name)
        self._client.close()

    def run(self, cells, tasks):
        """Run a submission on some Dask worker: see `Pool.run`.

        Dask gives it to another worker if its own is lost, up to three times.
        """
        try:
            future = self._client.submit(
                run_there, self._plugin.name, cells, tasks, pure=False
            )
            self._wait(future)
            return future.result()
        except KilledWorker:
            why = "it lost each Dask worker it ran on"
        except TimeoutError:
            why = "there is no Dask worker any more"
        except (CancelledError, OSError):
            why = "the Dask scheduler is lost"
        except Exception as error:
            why = f"its Dask worker failed: {error}"
        return Run(failed=why)

    def _wait(self, future):
        """Wait for an answer as long as there are workers to give it."""
        while not future.done():
            try:
                wait(future, POLL_SECONDS)
            except TimeoutError:
                self._client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
