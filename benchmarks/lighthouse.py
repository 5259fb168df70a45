"""Lighthouse's scores for pages of the book, kept in lighthouse.json.

`make lighthouse` serves the built book as GitHub Pages would, below a path
and compressed, and looks at each page as a desktop and as a phone. Name
pages, or nothing for all of them: `python benchmarks/lighthouse.py intro`.
"""

from contextlib import contextmanager
from functools import cache, partial
import gzip
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import json
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
DATA = Path(__file__).with_suffix(".json")
NPM = ROOT / "_build" / "npm"
BASE = "/aecourse/"
PAGES = ["intro", "03_basic"]
FORMS = {"desktop": ["--preset=desktop"], "mobile": []}
METRICS = [
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
]


@cache
def compressed(path):
    """A file as a server sends it: pictures are compressed already."""
    return gzip.compress(path.read_bytes(), mtime=0)


class AsGitHubPages(SimpleHTTPRequestHandler):
    """A static site below a path, compressed, with its page for errors."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        file = Path(self.directory) / path.removeprefix(BASE)
        if path.startswith(BASE) and file.is_dir():
            file /= "index.html"
        found = path.startswith(BASE) and file.is_file()
        if not found:
            file = Path(self.directory) / "404.html"
        kind = self.guess_type(file)
        squeeze = not kind.startswith(("image/png", "font/"))
        content = compressed(file) if squeeze else file.read_bytes()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        if squeeze:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@contextmanager
def serve(folder=HTML):
    """The address, on this machine alone, under which the book is served."""
    handler = partial(AsGitHubPages, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{BASE.rstrip('/')}"
        server.shutdown()


def look(address, form):
    """What Lighthouse says of one page."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                "npx",
                "--no-install",
                "lighthouse",
                address,
                *FORMS[form],
                "--quiet",
                "--output=json",
                f"--output-path={report}",
                "--chrome-flags=--headless=new --no-sandbox",
            ],
            cwd=NPM,
            env=os.environ | {"CHROME_PATH": shutil.which("chromium")},
            check=True,
        )
        found = json.loads(report.read_text("utf-8"))
    scores = {
        name: round(100 * category["score"])
        for name, category in found["categories"].items()
    }
    metrics = {
        name: round(found["audits"][name]["numericValue"], 3)
        for name in METRICS
    }
    return found, scores | metrics


def main(pages):
    pages = pages or PAGES
    old = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}
    measured = old.get("pages", {})
    low = 0
    with serve() as site:
        for page in pages:
            for form in FORMS:
                found, scores = look(f"{site}/book/{page}.html", form)
                measured.setdefault(page, {})[form] = scores
                print(page, form, scores)
                low += min(list(scores.values())[:4]) < 95
    result = {
        "lighthouse": found["lighthouseVersion"],
        "browser": found["environment"]["hostUserAgent"].split()[-2],
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "pages": measured,
    }
    DATA.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return low


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
