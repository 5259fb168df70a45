"""Execute cells as Jupyter does: IPython's own shell, without a front end.

Its transformations, magics, top-level `await`, `display` and `get_ipython`
are IPython's. What differs from a kernel that somebody looks at: nothing is
installed, nobody answers `input`, a cell goes on after an import that fails,
and whatever is left out for that is noted.
"""

import ast
import asyncio
import builtins
import contextlib
import getpass
import os
import re
import subprocess
import sys

# What a shell would load when it is made: once, before the forks.
from IPython.core import (  # noqa: F401
    application,
    completer,
    completerlib,
    logger,
    magics,
)
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

PACKAGES = "aecourse, IPython, keras, matplotlib, numpy, scipy, sklearn and "
PACKAGES += "tensorflow"
MAX_NOTES, MAX_TEXT = 50, 300
INSTALLERS = ("conda", "mamba", "micromamba", "pip", "uv")
INSTALLS = re.compile(
    r"\s*(sudo\s+)?(-H\s+)?(\S*python[\d.]*\s+-m\s+)?"
    r"(apt|apt-get|conda|mamba|micromamba|pip[\d.]*|uv)\b"
)
# What a script in a cell installs must not come from the network either.
OFFLINE = {"CONDA_OFFLINE": "1", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
GUARD = "__go_on_without__"


class Shell(InteractiveShell):
    """A kernel for one notebook.

    Parameters
    ----------
    main : module
        The module ``__main__`` whose names the cells share.
    note : function
        Is called with a text for each thing that is left out or changed.
    """

    def __init__(self, main, note):
        config = Config()
        config.HistoryManager.enabled = False
        super().__init__(user_module=main, config=config)
        self._note = note
        self._told = set()
        self._error = None
        self._loop = asyncio.new_event_loop()
        # As in a kernel, all cells run in one event loop.
        self.loop_runner = self._loop.run_until_complete
        self.lost = set()
        self.ast_transformers.append(GoOn(self))
        self.set_hook("show_in_pager", lambda *_, **__: None)
        self.events.register("post_execute", close_figures)
        setattr(builtins, GUARD, lambda name="": Guard(self, name))
        builtins.input = getpass.getpass = self._answer
        os.environ.update(OFFLINE)

    def execute(self, text):
        """Execute a cell.

        Returns
        -------
        BaseException or None
            What ended the cell, if anything did.
        """
        self._error = None
        result = self.run_cell(text, store_history=True)
        found = result.error_before_exec, result.error_in_exec, self._error
        error = next((one for one in found if one is not None), None)
        if isinstance(error, SyntaxError):
            error.filename = None  # A name that Jupyter does not show.
        return error

    def note(self, text):
        """Tell what is left out, in one line, and not for ever."""
        text = " ".join(text.split())[:MAX_TEXT]
        key = self.execution_count, text
        if key not in self._told and len(self._told) < MAX_NOTES:
            self._told.add(key)
            self._note(text)

    def should_run_async(self, raw_cell, **known):
        outermost = not self._loop.is_running()
        return outermost or super().should_run_async(raw_cell, **known)

    # An error is reported by its text alone. Not every one is in the result
    # of the cell: `%%time` and `%%capture` show theirs, and go on.
    def showtraceback(self, exc_tuple=None, *_, **__):
        self._error = (exc_tuple or sys.exc_info())[1]

    def showsyntaxerror(self, *_, **__):
        self._error = sys.exc_info()[1]

    # Nothing that is printed, or shown of an error, is kept.
    def _tee(self, channel):
        return contextlib.nullcontext()

    def _format_exception_for_storage(self, *_, **__):
        return {}

    def _answer(self, prompt="", *_, **__):
        self.note(f"input({prompt!r}) got an empty line as its answer")
        return ""

    def ask_exit(self):
        """Called by `exit` and `quit`; the next cells run all the same."""
        self.note("`exit` was left out: it would end the notebook")

    def enable_matplotlib(self, gui=None):
        """Figures are drawn, and shown to nobody."""
        return "agg", "agg"

    def run_line_magic(self, magic_name, line, _stack_depth=1):
        if magic_name in INSTALLERS:
            return self._not_installed(f"%{magic_name} {line}")
        if self.find_line_magic(magic_name) is None:
            return self.note(f"%{magic_name} was left out: no such magic")
        line = once(magic_name, line)
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name, line, cell):
        if self.find_cell_magic(magic_name) is None:
            return self.note(
                f"a cell was left out: there is no magic %%{magic_name}"
            )
        line = once(magic_name, line)
        return super().run_cell_magic(magic_name, line, cell)

    def system(self, cmd):
        """Run ``!cmd``: a process of its own, behind the same limits."""
        command = self.var_expand(cmd, depth=1)
        if INSTALLS.match(command):
            return self._not_installed(f"!{command}")
        if command.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        status = subprocess.call(command, shell=True)
        self.user_ns["_exit_code"] = status
        if status:
            self.note(f"`!{command}` ended with status {status}")

    def getoutput(self, cmd, split=True, depth=0):
        if INSTALLS.match(self.var_expand(cmd, depth=depth + 1)):
            self._not_installed(f"!{cmd}")
            cmd = ":"
        return super().getoutput(cmd, split, depth + 1)

    def _not_installed(self, command):
        self.note(
            f"`{command}` was left out: nothing is installed here; "
            f"there are {PACKAGES}"
        )


def open_house():
    """Let imports find what a notebook's would, and nothing of the grader.

    The folder of the notebook comes first. MNIST is the package's, since
    nothing can be downloaded.
    """
    mine = sys.path[0]
    sys.path[0] = ""
    for name, module in list(sys.modules.items()):
        if os.path.dirname(getattr(module, "__file__", None) or "") == mine:
            del sys.modules[name]
    mnist = sys.modules.get("keras.src.datasets.mnist")
    if mnist is not None:
        package = os.path.dirname(sys.modules["aecourse"].__file__)
        path = os.path.join(package, "data", "mnist.npz")
        mnist.get_file = lambda *_, **__: path


def once(magic, line):
    """Let `timeit` run its code once where no number is given."""
    if magic == "timeit" and not re.search(r"(^|\s)-[nr]", line):
        return f"-n1 -r1 {line}"
    return line


def close_figures():
    """Close the figures of a cell, as Jupyter does when it has shown them."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


class Guard:
    """A context in which an import, or what needs it, may fail."""

    def __init__(self, shell, name):
        self._shell, self._name = shell, name

    def __enter__(self):
        pass

    def __exit__(self, kind, error, trace):
        lost = self._shell.lost
        if isinstance(error, ImportError):
            lost.add(self._name)
            why = f"there are {PACKAGES}"
        elif isinstance(error, FileNotFoundError):
            why = "the notebook runs in an empty folder"
        elif isinstance(error, NameError) and error.name in lost:
            why = "its import failed"
        else:
            return False
        text = f"{kind.__name__}: {error}; {why}; the cell went on"
        self._shell.note(text)
        return True


class GoOn(ast.NodeTransformer):
    """Guard the top-level statements of a cell that depend on the machine.

    These are imports, each name by itself, `chdir`, and expressions that
    use what was to be imported, such as ``drive.mount("/content")``.
    """

    def __init__(self, shell):
        self._shell = shell

    def visit_Module(self, module):
        names, body = set(self._shell.lost), []
        for node in module.body:
            future = getattr(node, "module", None) == "__future__"
            if isinstance(node, ast.Import | ast.ImportFrom) and not future:
                for part in single(node):
                    name = part.names[0].asname or part.names[0].name
                    name = name.partition(".")[0]
                    names.add(name)
                    body.append(guarded(part, name))
            elif (
                node is not module.body[-1]
                and isinstance(node, ast.Expr)
                and names_in(node) & (names | {"chdir"})
            ):
                body.append(guarded(node))
            else:
                body.append(node)
        module.body = body
        return module


def single(node):
    """An import of several names as imports of one name each."""
    for alias in node.names:
        changed = {**dict(ast.iter_fields(node)), "names": [alias]}
        yield ast.copy_location(type(node)(**changed), node)


def names_in(node):
    """The names and attributes that a statement uses."""
    return {
        getattr(part, "id", getattr(part, "attr", ""))
        for part in ast.walk(node)
    }


def guarded(node, *names):
    """The statement in a context that lets it fail."""
    call = ast.Call(
        ast.Name(GUARD, ast.Load()), [ast.Constant(n) for n in names], []
    )
    guard = ast.With([ast.withitem(call)], [node])
    return ast.copy_location(guard, node)
