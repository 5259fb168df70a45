"""Split the text of a source into its head, prose and code cells."""

from dataclasses import dataclass
import re

HEAD = {"title": str, "chapter": str, "minutes": int}
MARKER = re.compile(r"\s*### (BEGIN SOLUTION|ELSE|END SOLUTION)\s*")
KINDS = {
    (): "code",
    ("answer",): "answer",
    ("check",): "visible",
    ("check", "hidden"): "held-out",
    ("mutant",): "mutant",
    ("alternative",): "alternative",
}
FIELDS = {
    "code": None,
    "answer": set(),
    "visible": {"points", "name"},
    "held-out": {"points", "name"},
    "mutant": {"name"},
    "alternative": {"name"},
}


class SourceError(ValueError):
    """A source breaks the form; the message names file and line."""


@dataclass(frozen=True)
class Cell:
    """A cell; `fields` are those of its first line, ``# q1 name=…``."""

    kind: str
    text: str
    line: int
    question: str = ""
    fields: tuple = ()

    def __getattr__(self, name):
        try:
            return dict(self.fields)[name]
        except KeyError:
            raise AttributeError(name) from None


def need(condition, path, line, message):
    """Raise `SourceError` unless the condition holds."""
    if not condition:
        raise SourceError(f"{path}:{line}: {message}")


def head_of(lines, path):
    need(lines[:1] == ["---"], path, 1, "the first line must be ---")
    need("---" in lines[1:], path, 1, "the head is not closed by ---")
    end, head = lines.index("---", 1), {}
    for number, line in enumerate(lines[1:end], 2):
        key, colon, value = line.partition(": ")
        known = colon and key in HEAD and key not in head
        need(known, path, number, f"expected one of {list(HEAD)}: {line!r}")
        right = HEAD[key] is str or value.strip().isdecimal()
        need(right, path, number, f"{key} must be a whole number: {value!r}")
        head[key] = HEAD[key](value.strip())
    need(len(head) == len(HEAD), path, 1, f"the head needs {list(HEAD)}")
    return head, end + 1


def cells_of(lines, start, path):
    """Split the lines into prose and code cells."""
    cells, prose, index = [], [], start

    def close_prose():
        text = "\n".join(prose).strip()
        if text:
            cells.append(Cell("prose", text, index - len(prose) + 1))
        prose.clear()

    while index < len(lines):
        line = lines[index]
        if not line.startswith("```"):
            prose.append(line)
            index += 1
            continue
        end = index + 1
        while end < len(lines) and lines[end].rstrip() != "```":
            end += 1
        need(end < len(lines), path, index + 1, "a fence is not closed")
        if line.startswith("```{code-cell}"):
            close_prose()
            cells.append(_code_cell(lines[index + 1 : end], index + 2, path))
        else:
            prose += lines[index : end + 1]
        index = end + 1
    close_prose()
    return tuple(cells)


def _code_cell(lines, number, path):
    tags = ()
    while lines and lines[0].startswith(":"):
        found = re.fullmatch(r":tags: \[([\w, -]*)\]", lines[0].strip())
        need(found, path, number, f"unknown option {lines[0]!r}")
        tags = tuple(found[1].replace(" ", "").split(","))
        lines, number = lines[1:], number + 1
    need(tags in KINDS, path, number, f"unknown tags {list(tags)}")
    kind, text = KINDS[tags], "\n".join(lines).strip("\n")
    if FIELDS[kind] is None:
        return Cell(kind, text, number)
    first = text.partition("\n")[0]
    head = re.fullmatch(r"# (q\d+)((?: \w+=\w+)*)", first)
    form = " ".join(["# q1", *sorted(f"{f}=…" for f in FIELDS[kind])])
    need(head, path, number, f"expected {form}, got {first!r}")
    fields = dict(pair.split("=") for pair in head[2].split())
    optional = {"defect"} if kind == "mutant" else set()
    fits = FIELDS[kind] <= set(fields) <= FIELDS[kind] | optional
    need(fits, path, number, f"expected {form}, got {first!r}")
    if "points" in fields:
        whole = fields["points"].isdecimal() and int(fields["points"]) > 0
        need(whole, path, number, "points must be a whole number above 0")
        fields["points"] = int(fields["points"])
    return Cell(kind, text, number, head[1], tuple(fields.items()))
