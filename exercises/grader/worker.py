"""Run submissions, each in a process forked from one that loaded Keras.

Started as a script by `pool`, with a socket as its one argument. Here is the
untrusted side: nothing in this process, or in the files it may read once it
is isolated, tells a submission what a good answer is.

Four kinds of process, each the parent of the next: the *server* has loaded
Keras and forks; the *keeper* belongs to one submission, and ends it when it
is told to; the *first* process of the PID namespace takes all others with it
when it ends; the *runner* executes the submission.
"""

import json
import linecache
import os
from pathlib import Path
import selectors
import shutil
import signal
import socket
import struct
import sys
import tempfile
import types


def receive(control):
    """Read a job: its length in eight bytes, then JSON."""
    with control.makefile("rb") as stream:
        (length,) = struct.unpack("!Q", stream.read(8))
        return json.loads(stream.read(length))


def keep(control, results):
    """Start the runner; end it when it is done or the grader hangs up."""
    os.setsid()
    job = receive(control)
    home = tempfile.mkdtemp(prefix="exercise-")
    applied = isolate.enter()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        first(job, home, applied, results)
    os.close(results)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        status = None
        while status is None:
            ready = {key.fileobj for key, _ in selector.select()}
            if control in ready:
                break
            os.read(woken, 64)
            pid, code = os.waitpid(child, os.WNOHANG)
            status = code if pid else None
    if status is None:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    end_descendants()
    shutil.rmtree(home, ignore_errors=True)
    try:
        control.sendall(json.dumps({"status": status}).encode())
    except OSError:
        pass
    os._exit(0)


def end_descendants():
    """Kill whatever is left, where there is no PID namespace to do it."""
    me = str(os.getpid())
    for _ in range(100):
        children = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parts = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if parts[1] == me:
                children.append(int(stat.parent.name))
        if not children:
            return
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except OSError:
                continue


def first(job, home, applied, results):
    """Change the file system, then wait for the runner."""
    if "mounts" in applied:
        applied.remove("mounts")
        if isolate.root_for(job["readable"], home):
            applied.add(isolate.FILES)
            home = "/home"
    if os.geteuid() == 0 and home != "/home":
        os.chmod(home, 0o777)
    runner = os.fork()
    if runner == 0:
        status = 1
        try:
            isolate.give_up_rights(job["slot"])
            own = isolate.PROCESSES in applied
            isolate.limit(job["memory"], job["seconds"], own)
            os.chdir(home)
            os.environ.update(HOME=home, TMPDIR=home)
            tempfile.tempdir = None
            silence()
            status = run(job, results, sorted(applied))
        finally:
            os._exit(status)
    os.close(results)
    while os.wait()[0] != runner:
        pass
    os._exit(0)


def silence():
    """Throw away whatever a submission prints; it reads nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def run(job, results, applied):
    """Execute the cells, then the probes; write one line for each event."""
    stream = os.fdopen(results, "w", encoding="utf-8")

    def tell(**event):
        stream.write(json.dumps(event) + "\n")
        stream.flush()

    tell(applied=applied)
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    ns = main.__dict__
    ns.update(check=lambda question: None, score=lambda: None)
    for index, text in job["cells"]:
        tell(cell=index)
        try:
            execute(text, f"<cell {index}>", ns)
        except BaseException as error:
            tell(error=checks.explain(error))
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


def execute(text, name, ns):
    """Execute a cell whose source tracebacks and AutoGraph can find."""
    lines = text.splitlines(keepends=True)
    linecache.cache[name] = (len(text), None, lines, name)
    exec(compile(text, name, "exec"), ns)


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
            keep(socket.socket(fileno=control), results)
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
    import checks
    import isolate
    import wire

    # From here on this folder, and the repository, are out of reach.
    sys.path[:] = sys.path[1:]
    import aecourse  # noqa: F401 (loads Keras, quietly)

    serve(socket.socket(fileno=int(sys.argv[1])))
