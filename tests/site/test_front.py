"""The landing page and the glossary."""

from base64 import b64decode
import re

from bs4 import BeautifulSoup
import pytest

from tools import execution


@pytest.fixture(scope="module")
def article(html):
    def read(page):
        text = (html / "book" / f"{page}.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser").select_one("article")

    return read


def test_the_figure_is_what_the_chapter_drew(article, html):
    figure = article("intro").figure
    shown = (html / "book" / figure.img["src"]).read_bytes()
    (chapter,) = figure.figcaption.select("a.reference.internal")
    name = chapter["href"].removesuffix(".html")
    notebook, _ = execution.record(execution.ROOT / f"book/{name}.ipynb")
    drawn = {
        cell.metadata.mystnb.image.alt: b64decode(output.data["image/png"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    }
    assert drawn[figure.img["alt"]] == shown


def test_every_chapter_has_a_card_with_its_minutes(article):
    cards = article("intro").select(".sd-card:has(.sd-card-footer)")
    chapters = [path.stem for path in execution.notebooks()]
    links = [card.a["href"].removesuffix(".html") for card in cards]
    assert links == chapters
    for card in cards:
        assert re.search(
            r"Know first: .+\. [1-9]\d+ minutes to read; "
            r"the cells ran in \d+ s\.",
            card.text,
        )


def test_the_glossary_gives_the_terms_in_both_languages(article):
    lists = article("glossary").select("dl.glossary")
    assert len(lists) > 3
    for entry in lists:
        terms = []
        for part in entry.find_all(["dt", "dd"]):
            if part.name == "dt":
                term = part.get_text().rstrip("#")
                marked = [word.text for word in part.select("[lang=zh]")]
                assert marked == re.findall("[\u4e00-\u9fff]+", term)
                terms.append(term)
                continue
            chinese = [re.search("[\u4e00-\u9fff]", term) for term in terms]
            assert any(chinese) or terms == ["β-VAE"], terms
            assert not all(chinese), terms
            terms = []
