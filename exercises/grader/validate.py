"""What a source must keep to, beyond its form: names, arguments, markers."""

import ast

from exercises.grader.parse import MARKER, need

ORDER = ["BEGIN SOLUTION", "ELSE", "END SOLUTION"]


def validate(cells, questions, path):
    """Check the code cells of a source.

    Raises
    ------
    SourceError
        If code does not parse, a check lacks a function or its arguments do
        not fit, a name is used twice, or solution markers are out of order.
    """
    seen = {}
    for cell in cells:
        if cell.kind == "prose":
            continue
        tree = _tree(cell, path)
        if cell.kind == "answer":
            _markers(cell, path)
        if not cell.fields:
            continue
        known = cell.question in questions
        need(known, path, cell.line, f"no answer for {cell.question}")
        kind = "check" if cell.kind in ("visible", "held-out") else cell.kind
        key = (kind, cell.question, cell.name)
        other = seen.setdefault(key, cell.line)
        message = f"{kind} {cell.name!r} stands in line {other} already"
        need(other == cell.line, path, cell.line, message)
        if kind == "check":
            _functions(tree, cell, path)


def _tree(cell, path):
    try:
        return ast.parse(cell.text)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        need(False, path, line, f"the code does not parse: {error.msg}")


def _markers(cell, path):
    found = [
        (number, marker[1])
        for number, line in enumerate(cell.text.splitlines(), cell.line)
        if (marker := MARKER.fullmatch(line))
    ]
    for i, (number, name) in enumerate(found):
        wanted = ORDER[i % 3]
        need(name == wanted, path, number, f"expected ### {wanted}")
    complete = found and len(found) % 3 == 0
    need(complete, path, cell.line, f"the answer needs ### {ORDER}")


def _functions(tree, cell, path):
    """A check is made of `inputs` (or not), `probe` and `judge`."""
    arguments = {}
    for part in tree.body:
        function = isinstance(part, ast.FunctionDef)
        line = cell.line + part.lineno - 1
        need(function, path, line, "a check holds functions only")
        arguments[part.name] = [a.arg for a in part.args.args]
    names = set(arguments)
    good = {"probe", "judge"} <= names <= {"inputs", "probe", "judge"}
    message = f"expected inputs, probe and judge, got {sorted(names)}"
    need(good, path, cell.line, message)
    wanted = ["rng"]
    fits = arguments.get("inputs", wanted) == wanted
    need(fits, path, cell.line, "expected inputs(rng)")
    drawn = arguments["probe"][1:]
    fits = (
        arguments["probe"][:1] == ["ns"]
        and arguments["judge"] == ["out", *drawn]
        and bool(drawn) == ("inputs" in names)
    )
    message = "expected probe(ns, *inputs) and judge(out, *inputs)"
    need(fits, path, cell.line, message)
