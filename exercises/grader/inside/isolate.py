"""Limits and namespaces for the process that runs a submission.

What is asked for is done, or an OSError says what the system refused. As
root no user namespace is needed: the worker gives up root for a user id of
its own instead.
"""

import ctypes
import os
from pathlib import Path
import platform
import resource
import signal
import sys

NEWNS, NEWUSER, NEWPID, NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
NEWIPC = 0x08000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SUBREAPER = 1, 4, 36
PR_SET_NO_NEW_PRIVS = 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
FIRST_USER, USERS = 20000, 40000
DEVICES = ("null", "zero", "random", "urandom")
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin", "/etc", "/sys")
ROOT_SIZE = "256m"

LIMITS, NETWORK = "limits", "no network"
PROCESSES, FILES, USER = "own processes", "own files", "own user"
ISOLATION = frozenset({NETWORK, PROCESSES, FILES})

try:
    LIBC = ctypes.CDLL(None, use_errno=True)
    LIBC.unshare  # noqa: B018 (missing on other systems than Linux)
except (OSError, AttributeError):
    LIBC = None


def _call(name, *arguments):
    """Call a function of the C library; an OSError if it fails."""
    if getattr(LIBC, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _prctl(option, value):
    if LIBC is not None:
        _call("prctl", option, value, 0, 0, 0)


def _mount(source, target, kind, flags, data=None):
    def text(value):
        return None if value is None else os.fsencode(value)

    flags, data = ctypes.c_ulong(flags), text(data)
    try:
        _call("mount", text(source), text(target), text(kind), flags, data)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {target}") from None


def shut_memory():
    """Keep others of the same user out of this process's memory.

    They can neither trace it nor open ``/proc/PID/mem`` then, nor can they
    do so with what it forks. Linux only.
    """
    _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans():
    """Become the parent of those descendants that lose their own."""
    _prctl(PR_SUBREAPER, 1)


def end_with_parent():
    """Be killed when the process that forked this one ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter():
    """Leave the system's namespaces.

    To be called in a process with one thread. The next child that it forks
    is the first process of the new PID namespace.

    Returns
    -------
    set of str
        What was applied: `NETWORK` and `PROCESSES`.

    Raises
    ------
    OSError
        If the system refuses.
    """
    if LIBC is None:
        raise OSError("this system has no namespaces, as Linux has")
    user, group = os.geteuid(), os.getegid()
    # Not as root: it would keep root's right to read, inside a container say.
    extra = 0 if user == 0 else NEWUSER
    _call("unshare", NEWPID | NEWNET | NEWIPC | extra)
    if extra:
        # A process whose memory is shut may not write these.
        _prctl(PR_SET_DUMPABLE, 1)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"1000 {user} 1")
        Path("/proc/self/gid_map").write_text(f"1000 {group} 1")
        shut_memory()
    return {NETWORK, PROCESSES}


def readable(package):
    """The folders that a worker needs: Python, its packages, `package`."""
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, *SYSTEM}
    folders |= {os.path.realpath(sys.executable).rsplit("/bin/", 1)[0]}
    folders |= {str(package)}
    return sorted(folder for folder in folders if os.path.lexists(folder))


def root_for(folders, stage):
    """Replace the file system by one that holds `folders`, read-only.

    To be called by the first process of the new PID namespace.

    Parameters
    ----------
    folders : list of str
        What stays to be seen.
    stage : str
        An empty folder, where the new file system is put together.

    Raises
    ------
    OSError
        If the system refuses.
    """
    number = PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"no way to change the root on {platform.machine()}")
    _call("unshare", NEWNS)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", stage, "tmpfs", MS_NOSUID, f"size={ROOT_SIZE}")
    os.mkdir(f"{stage}/proc")
    _mount("proc", f"{stage}/proc", "proc", MS_NOSUID | MS_NODEV)
    for folder in folders:
        _show(folder, stage)
    os.makedirs(f"{stage}/dev/shm")
    for name in DEVICES:
        Path(f"{stage}/dev/{name}").touch()
        _mount(f"/dev/{name}", f"{stage}/dev/{name}", None, MS_BIND)
    for name in ("tmp", "dev/shm", "home"):
        os.makedirs(f"{stage}/{name}", exist_ok=True)
        os.chmod(f"{stage}/{name}", 0o1777)
    os.chdir(stage)
    _call("syscall", number, b".", b".")
    _call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _show(folder, stage):
    """Bind a folder at its own place below the stage, read-only."""
    target = stage + folder
    if os.path.exists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(folder):
        os.symlink(os.readlink(folder), target)
        return
    os.makedirs(target)
    _mount(folder, target, None, MS_BIND | MS_REC)
    # Flags that the mount has already may not be dropped.
    kept = os.statvfs(folder).f_flag & (MS_NOSUID | MS_NODEV | 8)
    flags = MS_BIND | MS_REMOUNT | MS_RDONLY | kept
    _mount(None, target, None, flags)


def give_up_rights(number):
    """Become a user without rights; `number` makes its id differ.

    An id of its own keeps a submission from using up what the limit on
    processes leaves to others.

    Returns
    -------
    set of str
        `USER`, if it has an id of its own.
    """
    applied = set()
    if LIBC is None:
        return applied
    if os.geteuid() == 0:
        user = FIRST_USER + number % USERS
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            applied.add(USER)
        except OSError:
            pass  # A container without other users: rights go below.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    LIBC.capset(header, (ctypes.c_uint32 * 6)())
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    # What the submission may find in /proc about itself.
    _prctl(PR_SET_DUMPABLE, 1)
    return applied


def limit(memory, seconds, own_processes):
    """Limit what a process and its children may use.

    Parameters
    ----------
    memory : int
        Bytes of private memory for each process.
    seconds : int
        Processor time.
    own_processes : bool
        Whether processes are counted apart from those of others.
    """
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: 64 << 20,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    if own_processes:
        limits[resource.RLIMIT_NPROC] = 256
    for which, value in limits.items():
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))
