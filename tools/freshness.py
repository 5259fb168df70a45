"""Say what a kept result depends on: one key for all that is kept.

Outputs, studies, peers and proofs are kept with the `key` of what made them,
and are fresh as long as it is the same. It counts definitions, as syntax
trees: from the code of a notebook or a script it follows the names that are
used, through the modules of this repository. So comments, docstrings, prose,
formatting and what is not used cost nothing, and it does not matter in which
module a definition stands. Counted besides: the statements that an import
executes; files that the code names; `book/matplotlibrc` where a figure may be
drawn; the versions of Keras, its backend, NumPy and scikit-learn; the seed.

Files count by their name in a string, ``with_name("mnist.npz")``, looked for
beside the module, in the folder where the code starts, in the repository and
in `aecourse/data`; a study by ``load_study("05_sparse")``; functions of a
chapter by ``lesson("05_sparse", "build")``. A name that is made while the
code runs is not seen.

``python -m tools.freshness book/05_sparse.ipynb`` prints what counts.
"""

import ast
from functools import cache, cached_property
import hashlib
from importlib.metadata import version
import json
import os
from pathlib import Path
import re
import symtable
import sys

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    *("aecourse", "studies", "benchmarks"),
    *("playground", "exercises", "tools"),
)
FILE_NAME = re.compile(r"[\w./ -]+\.\w+")
MAGICS = ("run_line_magic", "run_cell_magic")
OPTIONS = re.compile(r"^\s*(-\w+ *\d* +)*")
# Fields of a syntax tree that say nothing about what it does.
IDLE = {"ctx", "kind", "type_comment", "type_ignores"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)


def key(path, seed=None, names=None, root=ROOT):
    """The key of what a notebook or a script computes.

    Parameters
    ----------
    path : path-like
        A file ``.ipynb`` or ``.py``, below `root` or absolute.
    seed : int, optional
        Default: the environment variable ``AECOURSE_SEED`` or, if that is
        not set, 0.
    names : iterable of str, optional
        Top-level names of the file: only what they reach counts.
    root : Path, optional
        The repository.

    Returns
    -------
    str
        Of 16 hexadecimal digits.

    Raises
    ------
    ValueError
        If the file does not define one of the names, or holds no Python.
    FileNotFoundError
        If there is no such file.
    """
    return _key(parts(path, seed, names, root))


def key_of_code(sources, files=(), root=ROOT):
    """The key of texts of code, executed one after the other.

    They get no seed from outside.

    Parameters
    ----------
    sources : list of str
        As the cells of a notebook.
    files : iterable of path-like
        What counts besides, by its content; below `root`.

    Returns
    -------
    str
        Of 16 hexadecimal digits.
    """
    search = Search(root, root)
    search.cells(Module("code", root / "code", cells=sources))
    search.files.update(root / file for file in files)
    return _key(search.found(seed=0))


def parts(path, seed=None, names=None, root=ROOT):
    """What counts for `key`, by name: cells, definitions, files, versions.

    Returns
    -------
    dict of str to str
        Digests; versions and the seed as they are.
    """
    root = Path(root)
    path = root / path
    search = Search(root, path.parent)
    module = search.read(_dotted(path, root), path)
    if module is None:
        raise FileNotFoundError(f"there is no {path}")
    if names is not None:
        for name in names:
            if name not in module.pieces:
                raise ValueError(f"{path} must define {name!r}")
            search.reach(module, name)
    elif path.suffix == ".ipynb":
        search.cells(module)
    else:
        search.whole(module)
    return search.found(seed)


def _key(found):
    return _digest(*sorted(found.values()))


def _digest(*texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _dotted(path, root):
    if path.is_relative_to(root):
        path = path.relative_to(root)
    return ".".join(path.with_suffix("").parts)


class Piece:
    """Statements that count together, and the names that they use."""

    def __init__(self, nodes):
        self.nodes = nodes

    @cached_property
    def own(self):
        """A digest of the code itself."""
        return _digest(*(_written(node) for node in self.nodes))

    @cached_property
    def inner(self):
        """All nodes of the syntax trees."""
        return [inner for node in self.nodes for inner in ast.walk(node)]

    @cached_property
    def imports(self):
        """What functions import, by local name."""
        return _imported([n for n in self.inner if isinstance(n, IMPORTS)])

    @cached_property
    def chains(self):
        """Names that are not local, each with its attributes: (np, pi)."""
        text = "\n".join(ast.unparse(node) for node in self.nodes)
        used = _globals(symtable.symtable(text, "piece", "exec"), top=True)
        used |= set(self.imports)
        found, todo = set(), list(self.nodes)
        while todo:
            start, chain = todo.pop(), ()
            node = start
            while isinstance(node, ast.Attribute):
                node, chain = node.value, (node.attr, *chain)
            if not isinstance(node, ast.Name):
                todo += ast.iter_child_nodes(start)
            elif node.id in used:
                found.add((node.id, *chain))
        return sorted(found)

    @cached_property
    def strings(self):
        """Texts that may be names of files."""
        return sorted(
            {
                node.value
                for node in self.inner
                if _is_text(node) and FILE_NAME.fullmatch(node.value)
            }
        )

    @cached_property
    def calls(self):
        """Calls by which data and chapters are read: (name, texts in it)."""
        return [
            (name, [n.value for n in ast.walk(node) if _is_text(n)])
            for node in self.inner
            if isinstance(node, ast.Call)
            for name in [ast.unparse(node.func).rpartition(".")[2]]
            if name in ("load_study", "lesson")
        ]


class Module:
    """A module or notebook, taken apart."""

    def __init__(self, name, path, text="", cells=None):
        self.name, self.path, self.is_notebook = name, path, cells is not None
        self.package = name if path.name == "__init__.py" else None
        self.package = self.package or name.rpartition(".")[0]
        if self.is_notebook:
            bodies = [_parsed(cell, path) for cell in cells]
        else:
            bodies = [_bare(_parsed(text, path))]
        body = [node for statements in bodies for node in statements]
        self.imports = _imported(_outside_functions(body), self.package)
        bodies = [
            [node for node in statements if not isinstance(node, IMPORTS)]
            for statements in bodies
        ]
        self.cells = [
            Piece(statements) for statements in bodies if statements
        ]
        bound, loose, guards = {}, [], []
        for node in (n for statements in bodies for n in statements):
            names = _bound(node)
            for name in names:
                bound.setdefault(name, []).append(node)
            if _is_guard(node):
                guards.append(node)
            elif not names or not isinstance(
                node, (*SCOPES, ast.Assign, ast.AnnAssign, ast.AugAssign)
            ):
                loose.append(node)
        self.pieces = {name: Piece(nodes) for name, nodes in bound.items()}
        self.loose, self.guards = Piece(loose), Piece(guards)


class Search:
    """Follow names from where code starts; collect what counts."""

    def __init__(self, root, folder):
        self.root, self.folder = Path(root), folder
        self.parts, self.files, self.entered = {}, set(), set()
        self.modules, self.draws = {}, False

    def read(self, name, path):
        """A module or notebook, taken apart once for each state of it."""
        return _read(name, path, _stamp(path)) if path.is_file() else None

    def module(self, name):
        """The module of this repository with a dotted name, or None."""
        if name not in self.modules:
            self.modules[name] = self.find(name)
        return self.modules[name]

    def find(self, name):
        first, *rest = name.split(".")
        if first not in PACKAGES:
            return None
        path = self.root.joinpath(first, *rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return self.read(name, file)
        return Module(name, path / "__init__.py") if path.is_dir() else None

    def inside(self, package):
        """The modules of a package, those below it too."""
        if package.path.name == "__init__.py":
            for path in sorted(package.path.parent.rglob("*.py")):
                if path.name != "__init__.py" or path != package.path:
                    name = _dotted(path, self.root).removesuffix(".__init__")
                    yield self.read(name, path)

    def found(self, seed=None):
        """All that counts, by name."""
        style = self.root / "book" / "matplotlibrc"
        files = self.files | ({style} if self.draws else set())
        names = {os.path.relpath(path, self.root): path for path in files}
        if seed is None:
            seed = os.environ.get("AECOURSE_SEED", "0")
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        packages = sorted({"keras", "numpy", "scikit-learn", backend})
        return (
            {name: own for name, own in self.parts.items() if own}
            | {
                name: _digest(path.name, _content(path, _stamp(path)))
                for name, path in sorted(names.items())
                if path.is_file()
            }
            | {name: f"{name} {version(name)}" for name in packages}
            | {"seed": f"seed {seed}"}
        )

    def cells(self, notebook):
        """Count all cells, in their order."""
        self.enter_imports(notebook)
        for number, piece in enumerate(notebook.cells, 1):
            edges = self.follow(notebook, piece, inside=False)
            own = _digest(f"{number}", piece.own, *edges)
            self.parts[f"{notebook.name}, cell {number}"] = own

    def whole(self, module):
        """Count all of a module."""
        for name in module.pieces:
            self.reach(module, name)
        self.enter(module)
        self.loose(module, module.guards, "main")
        return _digest(*(piece.own for piece in module.pieces.values()))

    def reach(self, module, name):
        """Count a definition; return the digest of its own code."""
        piece, label = module.pieces[name], f"{module.name}.{name}"
        if label not in self.parts:
            self.parts[label] = ""
            edges = self.follow(module, piece)
            self.parts[label] = _digest(name, piece.own, *edges)
            self.enter(module)
        return piece.own

    def enter(self, module):
        """Count what the import of a module executes."""
        if module.is_notebook or module.name in self.entered:
            return
        self.entered.add(module.name)
        package = self.module(module.name.rpartition(".")[0])
        if package:
            self.enter(package)
        self.loose(module, module.loose, "statements")
        self.enter_imports(module)

    def enter_imports(self, module):
        for name, attribute in module.imports.values():
            for dotted in (name, f"{name}.{attribute}"):
                imported = self.module(dotted)
                if imported:
                    self.enter(imported)

    def loose(self, module, piece, what):
        if piece.nodes:
            edges = self.follow(module, piece)
            label = f"{module.name}, {what}"
            self.parts[label] = _digest(piece.own, *edges)

    def follow(self, module, piece, inside=True):
        """Count what statements use; return its names and digests."""
        edges, imports = [], module.imports | piece.imports
        for name, *attributes in piece.chains:
            if name in imports:
                edges.append(name)
                edges.append(self.resolve(imports[name], attributes))
            elif inside and name in module.pieces:
                edges.append(name)
                edges.append(self.reach(module, name))
        for text in piece.strings:
            self.look_for(text, module)
        for name, texts in piece.calls:
            if name == "load_study":
                chosen = texts[0] if texts else "*"
                studies = self.root / "aecourse" / "data" / "studies"
                self.files.update(studies.glob(f"{chosen}.json"))
            else:
                edges += self.lesson(*texts)
        return edges

    def lesson(self, chapter="", *names):
        """Count functions of a chapter."""
        path = self.root / "book" / f"{chapter}.ipynb"
        notebook = self.read(f"book.{chapter}", path)
        if notebook is None:
            return []
        names = [name for name in names if name in notebook.pieces]
        return [self.reach(notebook, name) for name in names]

    def resolve(self, target, attributes):
        """Count what an imported name, with its attributes, stands for."""
        dotted, name = target
        module = self.module(dotted)
        if module is None:
            self.draws |= dotted.partition(".")[0] == "matplotlib"
            return f"{dotted}.{name}" if name else dotted
        names = [*([name] if name else []), *attributes]
        while names:
            name, *names = names
            if name in module.pieces:
                return self.reach(module, name)
            source = module.imports.get(name)
            below = self.module(f"{module.name}.{name}")
            if source and not (below and source == (module.name, name)):
                self.enter(module)
                return self.resolve(source, names)
            if below is None:
                break
            module = below
        else:
            return self.whole(module)
        if name.startswith("__"):
            return ""
        # A name that a package fetches when it is asked for.
        self.enter(module)
        lazy = [m for m in self.inside(module) if name in m.pieces]
        return "".join(
            [self.reach(m, name) for m in lazy]
            or [self.whole(m) for m in (module, *self.inside(module))]
        )

    def look_for(self, text, module):
        """Count the file that a text names, if there is one."""
        data = self.root / "aecourse" / "data"
        for folder in (module.path.parent, self.folder, self.root, data):
            path = Path(os.path.normpath(folder / text))
            if path.is_relative_to(self.root) and path.is_file():
                self.files.add(path)
                return


def _stamp(path):
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@cache
def _read(name, path, stamp):
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return Module(name, path, text)
    cells = [
        "".join(cell["source"])
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "code"
    ]
    return Module(name, path, cells=cells)


@cache
def _content(path, stamp):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _parsed(text, path):
    """The statements of a module or a cell, without docstrings inside."""
    body = _tree(text, path)
    for node in (inner for part in body for inner in ast.walk(part)):
        if isinstance(node, SCOPES):
            node.body = _bare(node.body) or [ast.Pass()]
    return body


def _tree(text, path):
    """The same with docstrings; IPython's magics are calls."""
    try:
        return ast.parse(text).body
    except SyntaxError:
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        body = ast.parse(TransformerManager().transform_cell(text)).body
    except SyntaxError as error:
        raise ValueError(f"{path} must hold Python: {error}") from None
    # To a magic its code is a string; what that uses counts as well.
    return body + [
        statement
        for node in body
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", "") in MAGICS
        for statement in _code_in(call.args[-1].value)
    ]


def _code_in(text):
    """The statements in the text that a magic gets, if it is code."""
    try:
        return ast.parse(OPTIONS.sub("", text)).body
    except SyntaxError:
        return []


def _bare(statements):
    """Without docstrings, of attributes too."""
    return [
        node
        for node in statements
        if not (isinstance(node, ast.Expr) and _is_text(node.value))
    ]


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _written(node):
    """A syntax tree as text, the same for every version of Python."""
    if isinstance(node, list):
        return f"[{','.join(map(_written, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {
        name: value
        for name, value in ast.iter_fields(node)
        if name not in IDLE and value is not None and value != []
    }
    inner = ",".join(f"{name}={_written(v)}" for name, v in fields.items())
    return f"{type(node).__name__}({inner})"


def _imported(nodes, package=""):
    """What import statements bind: (module, name or None) by local name."""
    found = {}
    for node in nodes:
        for alias in node.names:
            if isinstance(node, ast.Import):
                first = alias.name.partition(".")[0]
                target = alias.name if alias.asname else first
                found[alias.asname or first] = (target, None)
                continue
            source = node.module or ""
            if node.level:
                above = package.split(".")
                above = above[: len(above) - node.level + 1]
                source = ".".join([*above, *filter(None, [source])])
            found[alias.asname or alias.name] = (source, alias.name)
    return found


def _outside_functions(statements):
    """The imports among statements that are executed at once."""
    todo, found = list(statements), []
    while todo:
        node = todo.pop(0)
        if isinstance(node, IMPORTS):
            found.append(node)
        elif not isinstance(node, SCOPES):
            todo = [*ast.iter_child_nodes(node), *todo]
    return found


def _bound(statement):
    """The names that a statement binds outside functions."""
    if isinstance(statement, SCOPES):
        return {statement.name}
    found, todo = set(), [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, SCOPES):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        else:
            todo += ast.iter_child_nodes(node)
    return found


def _is_guard(node):
    """Whether a statement is executed in a script only."""
    return (
        isinstance(node, ast.If)
        and ast.unparse(node.test) == "__name__ == '__main__'"
    )


def _globals(table, top=False):
    """The names that code takes from outside its functions."""
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (top or symbol.is_global())
    }
    return names.union(*(_globals(t) for t in table.get_children()))


def main(paths):
    """Print what counts for each file, and its key."""
    for path in paths:
        for name, own in parts(path).items():
            print(f"{own:24}", name)
        print(f"{key(path):24}", path)


if __name__ == "__main__":
    main(sys.argv[1:])
