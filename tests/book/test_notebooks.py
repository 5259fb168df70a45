"""What every notebook of the book has in common."""

import ast
import inspect
import itertools
import re

import aecourse
import nbformat
import pytest
import yaml

from exercises.grader.build import SETUP
from tools import execution

CHAPTERS = execution.notebooks()
EVERY_CHAPTER = pytest.mark.parametrize(
    "path", CHAPTERS, ids=[path.stem for path in CHAPTERS]
)
# Decimals that prose may hold: figures that a source text prints, settings.
TYPED = {
    "05_sparse": "1697.0 667.2 450.0 351.5 293.7 1759.9 298.0",
    "04_gaussian_noise": "0.01 0.3 0.5 0.6 127.8",
    "09_vae": "86.76 88.71 0.9 0.95 0.01",
    "07_denoising": "0.0839",
    "03_basic": "0.0914 0.0925 0.6957",
    "08_pca": "",
    "10_stacked": "0.0860 0.0914 0.0925",
}


@pytest.fixture(scope="session")
def config(root):
    return yaml.safe_load((root / "_config.yml").read_text())


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path):
    return "\n".join(
        cell.source for cell in read(path).cells if cell.cell_type != "code"
    )


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_table_of_contents_lists_every_page_once(root):
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    listed = [toc["root"]] + [
        chapter["file"]
        for part in toc["parts"]
        for chapter in part["chapters"]
    ]
    pages = [*CHAPTERS, *(root / "book").glob("*.md")]
    found = [str(page.relative_to(root).with_suffix("")) for page in pages]
    assert sorted(listed) == sorted(found)


@EVERY_CHAPTER
def test_it_is_a_valid_notebook_of_modest_size(path):
    nbformat.validate(read(path))
    assert path.stat().st_size <= 100_000
    assert path.stat().st_mode & 0o111 == 0
    ids = [cell.id for cell in read(path).cells]
    assert len(ids) == len(set(ids))


@EVERY_CHAPTER
def test_it_starts_with_the_set_up_cell_of_this_repository(path, config):
    first = code_cells(path)[0]
    assert first.source == SETUP.format(**config["repository"])
    assert tags(first) == ["hide-input"]


@EVERY_CHAPTER
def test_it_leads_to_its_exercise_before_the_summary(path, config, root):
    cells = read(path).cells
    places = [n for n, c in enumerate(cells) if c.id == "exercise-text"]
    source = root / "exercises" / "src" / f"ex{path.stem}.md"
    assert len(places) == source.exists()
    if not places:
        return
    (place,) = places
    lesson = [c for c in cells[:place] if c.id not in ("quiz-text", "quiz")]
    assert "## Change one thing\n" in lesson[-1].source
    assert cells[place + 1].source.startswith("## Summary\n")
    text = cells[place].source
    assert text.startswith("## Exercise\n")
    notebook = f"exercises/ex{path.stem}.ipynb"
    slug = config["repository"]["url"].removeprefix("https://github.com/")
    opened = f"{slug}/blob/{config['repository']['branch']}/{notebook}"
    colab = f"https://colab.research.google.com/github/{opened}"
    links = re.findall(r"\]\((.*?)\)", text)
    assert links == [colab]
    assert (root / notebook).exists()


@EVERY_CHAPTER
def test_only_checked_cells_carry_outputs(path):
    for cell in code_cells(path):
        checked = "nbval-check-output" in tags(cell)
        assert bool(cell.outputs) == checked, cell.source
        assert cell.execution_count == (1 if checked else None)
        assert not checked or not re.search(r"\b(glue|note)\(", cell.source)


@EVERY_CHAPTER
def test_a_glued_number_is_printed_where_it_is_glued(path):
    for cell in code_cells(path):
        if re.search(r"\bglue\(", cell.source):
            assert "print(" in cell.source, cell.source


def test_every_quote_names_its_notebook(root):
    """The build itself fails where a notebook does not glue the name."""
    texts = [prose(path) for path in CHAPTERS]
    texts += [page.read_text() for page in (root / "book").glob("*.md")]
    quotes = re.findall(r"\{glue:text\}`([^`]+)`", "\n".join(texts))
    assert quotes
    for quote in quotes:
        assert re.fullmatch(r"\d\d_\w+\.ipynb::[\w-]+:[^:]+", quote), quote


@EVERY_CHAPTER
def test_every_figure_has_a_name_a_caption_and_alt_text(path):
    figures = [
        cell.metadata.mystnb
        for cell in code_cells(path)
        if "mystnb" in cell.metadata
    ]
    assert len(figures) >= 5
    for mystnb in figures:
        assert mystnb.figure.name.startswith("fig-")
        assert len(mystnb.figure.caption) > 20
        assert len(mystnb.image.alt) > 20


@EVERY_CHAPTER
def test_it_reads_like_a_lesson(path):
    """Short cells led by prose: the figures that the style guide sets."""
    cells = read(path).cells
    # What is folded away, set-up and drawing, may be longer.
    code = [c for c in code_cells(path) if "hide-input" not in tags(c)]
    lines = sorted(
        sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in code
    )
    # One cell that shows a whole model may be longer still.
    *most, longest = lines
    assert 15 <= len(code) <= 40
    assert lines[len(lines) // 2] <= 5
    assert lines[9 * len(lines) // 10] <= 15
    assert most[-1] <= 30
    assert longest <= 45
    led = sum(
        after.cell_type == "code" and before.cell_type == "markdown"
        for before, after in zip(cells, cells[1:], strict=False)
    )
    assert led >= 0.8 * len(code)
    assert len(prose(path).split()) >= 8 * sum(lines)


@EVERY_CHAPTER
def test_no_number_is_typed_that_a_cell_could_compute(path):
    """Decimals stand in formulas, in code, in roles; else each is named."""
    text = re.sub(r"\$\$.*?\$\$|```.*?```", "", prose(path), flags=re.S)
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "", text)
    found = set(re.findall(r"\d+\.\d+", text))
    assert found <= set(TYPED.get(path.stem, "").split())


class Lesson(ast.NodeTransformer):
    """Drops from a class what a lesson need not show."""

    PLUMBING = (
        "get_config",
        "from_config",
        "compute_mask",
        "compute_output_shape",
    )

    def visit_ClassDef(self, node):
        node.decorator_list = []
        self.generic_visit(node)
        node.body = [
            part
            for part in node.body
            if getattr(part, "name", "") not in self.PLUMBING
            and not isinstance(part, ast.Expr)
        ]
        return node

    def visit_FunctionDef(self, node):
        node.decorator_list = []
        node.body = list(itertools.dropwhile(self.is_check, node.body))
        return node

    @staticmethod
    def is_check(part):
        call = getattr(part, "value", None)
        return isinstance(part, ast.Expr) and (
            isinstance(call, ast.Constant)
            or ast.unparse(call).startswith("check_")
        )


def shown(path):
    """The classes of the package that a chapter defines, with their cells."""
    for cell in code_cells(path):
        if re.search(r"^class ", cell.source, flags=re.M):
            for part in ast.parse(cell.source).body:
                if getattr(part, "name", "") in aecourse.__all__:
                    yield part.name, cell


@EVERY_CHAPTER
def test_a_model_shown_is_the_model_of_the_package(path):
    for name, cell in shown(path):
        assert f"source:{name}" in tags(cell)
        original = inspect.getsource(getattr(aecourse, name))
        texts = (cell.source, original)
        ours, theirs = (
            ast.unparse(Lesson().visit(ast.parse(t))) for t in texts
        )
        assert ours == theirs


def test_the_models_that_are_taught_are_shown():
    names = [name for path in CHAPTERS for name, _ in shown(path)]
    assert sorted(names) == [
        "DenseTranspose",
        "MaskingNoise",
        "RandomBlocks",
        "Sampling",
        "SparsityPenalty",
        "VariationalAutoencoder",
    ]


@EVERY_CHAPTER
def test_random_numbers_come_from_the_chapter_s_seed(path):
    source = "\n".join(cell.source for cell in code_cells(path))
    assert "seed = set_seed()" in source
    for call in re.findall(r"default_rng\(([^)]*)\)", source):
        assert "seed" in call
