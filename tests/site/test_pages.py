"""The built pages, read as files."""

from pathlib import Path
import re
import tomllib
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
import pytest
import yaml

from tests.site.tabs import PAGES
from tools import execution

EVERY_PAGE = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def soups(html):
    return {
        page: BeautifulSoup(
            (html / "book" / f"{page}.html").read_text(), "html.parser"
        )
        for page in PAGES
    }


def test_the_pages_show_the_outputs_that_were_tested(soups, html):
    for path in execution.notebooks():
        notebook, _ = execution.record(path)
        blocks = soups[path.stem].select(".cell_output pre")
        shown = "\n".join(block.text for block in blocks)
        for cell in execution.code_cells(notebook):
            for output in cell.outputs:
                if output.output_type == "stream" and "remove-output" not in (
                    cell.metadata.get("tags", [])
                ):
                    assert output.text.strip() in shown, cell.source


@EVERY_PAGE
def test_nothing_is_loaded_from_elsewhere(page, soups):
    loads = [
        tag.get("src") or tag.get("href")
        for tag in soups[page].select("script[src], img[src], link[href]")
        if tag.get("rel") not in (["canonical"], ["next"], ["prev"])
    ]
    assert loads
    assert [url for url in loads if "//" in url] == []


@EVERY_PAGE
def test_every_picture_is_described_and_every_figure_has_a_caption(
    page, soups
):
    article = soups[page].select_one("article")
    for image in article.select("img"):
        assert len(image.get("alt", "")) > 20, image
        assert image.find_parent("figure"), image
    for figure in article.select("figure"):
        assert len(figure.figcaption.text) > 20, figure


@EVERY_PAGE
def test_no_markup_is_left_over(page, soups):
    article = soups[page].select_one("article")
    for code in article.select("pre, code"):
        code.decompose()
    for leftover in ["{glue", "{cite", "{numref", "{ref}", "???", "$$"]:
        assert leftover not in article.text


@EVERY_PAGE
def test_links_inside_the_book_lead_somewhere(page, soups, html):
    ids = {
        other: {tag["id"] for tag in soup.select("[id]")}
        for other, soup in soups.items()
    }
    for link in soups[page].select("a[href]"):
        place, _, name = link["href"].partition("#")
        if ":" in place:
            # Else a word with a dot was taken for an address.
            assert place.startswith("https://"), link
            continue
        assert not place or (html / "book" / place).exists(), link
        other = Path(place).stem if place else page
        assert not name or name in ids.get(other, {name}), link


@EVERY_PAGE
def test_a_page_says_what_it_is(page, soups, html, root):
    config = yaml.safe_load((root / "_config.yml").read_text())
    base = config["html"]["baseurl"]
    head = soups[page].head
    address = head.select_one("link[rel=canonical]")["href"]
    assert address == urljoin(base, f"book/{page}.html")
    said = {
        tag.get("property", tag.get("name")): tag["content"]
        for tag in head.select("meta[content]")
    }
    assert said["og:url"] == address
    assert said["og:description"] == said["description"]
    assert 40 < len(said["description"]) <= 160
    assert said["og:title"] in head.title.text
    assert "<" not in said["og:title"]
    assert (html / said["og:image"].removeprefix(base)).exists()
    others = [
        soup.select_one("[name=description]") for soup in soups.values()
    ]
    assert len({tag["content"] for tag in others}) == len(soups)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page[0].isdigit()]
)
def test_a_chapter_offers_colab_its_notebook_and_its_exercise(
    page, soups, html, root
):
    colab, notebook, *exercise = soups[page].select(
        ".article-header-buttons > a"
    )
    opens = f"/main/book/{page}.ipynb"
    assert urlsplit(colab["href"]).hostname == "colab.research.google.com"
    assert colab["href"].endswith(opens)
    assert (html / "book" / notebook["href"]).suffix == ".ipynb"
    sources = [*(root / "exercises" / "src").glob(f"ex{page}.md")]
    targets = [link["href"].partition("/main/")[2] for link in exercise]
    assert targets == [f"exercises/{s.stem}.ipynb" for s in sources]
    assert all((root / target).exists() for target in targets)
    assert [link.text.split() for link in (colab, notebook)] == [
        ["Colab"],
        ["Notebook"],
    ]


def test_the_sitemap_lists_each_page(html, soups):
    listed = re.findall(
        r"<loc>(.*?)</loc>", (html / "sitemap.xml").read_text()
    )
    canonical = [
        soup.select_one("link[rel=canonical]")["href"]
        for soup in soups.values()
    ]
    assert listed == sorted(canonical)


def test_each_icon_on_a_page_has_its_glyph(html, soups):
    fonts = html / "_static" / "vendor" / "fontawesome" / "webfonts"
    style = (html / "_static/styles/pydata-sphinx-theme.css").read_text()
    have = set()
    for font in fonts.glob("*.woff2"):
        assert font.stat().st_size < 10_000
        have |= set(TTFont(font).getBestCmap())
    icons = {
        name
        for soup in soups.values()
        for icon in soup.select("i[class*=fa-], span[class*=fa-]")
        for name in icon["class"]
        if re.search(rf"\.{name}:+before", style)
    }
    assert len(icons) > 8
    for name in icons:
        (code,) = re.findall(
            rf"\.{name}:+before[^{{]*{{content:\"\\([0-9a-f]+)\"", style
        )
        assert int(code, 16) in have, name


def test_the_overview_shows_each_assignment_with_its_links(soups, root):
    overview = soups["exercises"].select_one("article table")
    rows = overview.select("tbody tr")[:-1]
    sources = sorted((root / "exercises" / "src").glob("*.md"))
    assert len(rows) == len(sources)
    for row, source in zip(rows, sources, strict=True):
        links = [a["href"] for a in row.select("a.external")]
        assert len(links) == 2
        for link in links:
            assert link.endswith(f"/exercises/{source.stem}.ipynb")
        chapter = root / "book" / f"{source.stem[2:]}.ipynb"
        inside = row.select("a.internal")
        assert len(inside) == chapter.exists()


def test_the_teachers_page_shows_what_was_measured_and_planned(soups):
    tables = soups["teaching"].select("article table")
    heads = [[cell.text for cell in t.select("th")] for t in tables]
    assert any("Seconds each" in head for head in heads)
    (plan,) = [t for t, h in zip(tables, heads, strict=True) if "Week" in h]
    weeks = [row.td.text for row in plan.select("tbody tr")]
    assert weeks == [str(n) for n in range(1, len(weeks) + 1)]
    assert 12 <= len(weeks) <= 14


def test_the_licence_of_each_package_that_runs_is_listed(soups, root):
    table = soups["references"].select("table")[-1]
    cells = [row.select("td") for row in table.select("tbody tr")]
    licences = {name.text: licence.text for name, _, licence in cells}
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"]
    wanted += project["optional-dependencies"]["tensorflow"]
    assert {re.match(r"[\w-]+", line)[0] for line in wanted} <= set(licences)
    silent = [n for n, what in licences.items() if what == "not declared"]
    assert len(silent) <= 1, silent
    # Else the course could not be under the licence that it is under.
    assert [n for n, what in licences.items() if "GPL" in what] == []
