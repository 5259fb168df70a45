"""Run submissions, each in a process forked from one that loaded Keras.

Started as a script by `pool`, with a socket as its one argument. Here is the
untrusted side: nothing in this process, or in the files it may read once it
is isolated, tells a submission what a good answer is.

Four kinds of process, each the parent of the next: the *server* has loaded
Keras and forks; the *keeper* belongs to one submission, and ends it when it
is told to; the *first* process of the PID namespace takes all others with it
when it ends; the *runner* executes the submission.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import types

import checks
import isolate
import keeper
import shell
import wire


def run(job, results, applied):
    """Execute the cells, then the probes; write one line for each event.

    What a cell forks runs on behind the cell like the runner itself. Such a
    copy ends there: two that tell would be taken for one.
    """
    stream = os.fdopen(results, "w", encoding="utf-8")

    dumps, getpid, leave = json.dumps, os.getpid, os._exit
    kill, wait, runner = os.kill, os.wait, os.getpid()

    def tell(**event):
        if getpid() != runner:
            leave(0)
        stream.write(dumps(event) + "\n")
        stream.flush()

    tell(applied=applied)
    main = types.ModuleType("__main__")
    shell.open_house()
    kernel = shell.Shell.instance(main, lambda text: tell(note=text))
    ns = main.__dict__
    ns.update(check=lambda question: None, score=lambda: None)
    for index, text in job["cells"]:
        tell(cell=index)
        try:
            error = kernel.execute(text)
        except BaseException as unforeseen:
            error = unforeseen
        if error is not None:
            tell(error=checks.explain(error))
    if isolate.PROCESSES in applied:
        # End what the cells left running: all but this and the first.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            kill(-1, signal.SIGKILL)
            while True:
                wait()
    for check in job["checks"]:
        tell(question=check["question"])
        inputs = wire.decode(check["inputs"])
        try:
            out, message = checks.ask(check, ns, check["seed"], inputs)
            answer = {"out": wire.encode(out)}
        except BaseException as error:
            message = checks.explain(error)
        if message is not None:
            answer = {"message": message}
        tell(check=check["name"], **answer)
    tell(done=True)
    return 0


def serve(server):
    """Fork a keeper for each job; end when the grader hangs up."""
    server.sendall(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, 1, 2)
        if not message:
            os._exit(0)
        control, results = descriptors
        if os.fork() == 0:
            server.close()
            keeper.keep(socket.socket(fileno=control), results, run)
        os.close(control)
        os.close(results)
        reap()


def reap():
    """Forget the keepers that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    import aecourse  # noqa: F401 (loads Keras, quietly)

    serve(socket.socket(fileno=int(sys.argv[1])))
