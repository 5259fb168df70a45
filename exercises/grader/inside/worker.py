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


def run(job, channel):
    """Execute the cells, then answer whatever the grader asks.

    One line is written for each event, and one read for each question: what
    the grader will ask is not here while the cells run. What a cell forks
    runs on behind the cell like the runner itself. Such a copy ends there:
    two that tell would be taken for one.
    """
    stream = channel.makefile("w", encoding="utf-8")
    asked = channel.makefile("r", encoding="utf-8")

    dumps, loads, getpid, leave = json.dumps, json.loads, os.getpid, os._exit
    kill, wait, runner = os.kill, os.wait, os.getpid()

    def tell(**event):
        if getpid() != runner:
            leave(0)
        stream.write(dumps(event) + "\n")
        stream.flush()

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
    if job["isolated"]:
        # End what the cells left running: all but this and the first.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            kill(-1, signal.SIGKILL)
            while True:
                wait()
    tell(ran=True)
    for line in asked:
        tell(**answer(loads(line), ns))
    return 0


def answer(check, ns):
    """What the answer to one check is, or why there is none."""
    number = {"answer": check["number"]}
    try:
        inputs = wire.decode(check["inputs"])
        out, message = checks.ask(check, ns, check["seed"], inputs)
        if message is None:
            return number | {"out": wire.encode(out)}
    except BaseException as error:
        message = checks.explain(error)
    return number | {"message": message}


def serve(server):
    """Fork a keeper for each job; end when the grader hangs up."""
    server.sendall(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, 1, 2)
        if not message:
            os._exit(0)
        control, channel = (
            socket.socket(fileno=descriptor) for descriptor in descriptors
        )
        if os.fork() == 0:
            server.close()
            keeper.keep(control, channel, run)
        control.close()
        channel.close()
        reap()


def reap():
    """Forget the keepers that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    isolate.shut_memory()
    import aecourse  # noqa: F401 (loads Keras, quietly)

    serve(socket.socket(fileno=int(sys.argv[1])))
