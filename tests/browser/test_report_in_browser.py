"""A report as its reader sees it: every page shown, no error, nothing broken, nothing loaded.

It opens reports that are already there, ``results/*/report.html`` or the file that the environment
variable ``MMER_REPORT`` names, and is skipped where there is none or no browser.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from .conftest import reports

pytestmark = pytest.mark.slow

WALK = """
<script>
window.addEventListener("load", async () => {
  const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
  const embedded = new Set(Object.values(results).map(result => result.data_uri));
  // The engine's logo is a picture too.
  const view = () => [...document.querySelectorAll("#app img, #app iframe")]
    .find(element => embedded.has(element.src));
  const shown = {};
  await wait(500);
  const first = document.querySelector("#app .prose");
  const landing = first.textContent;
  const links = [...first.querySelectorAll("a[onclick]")].map(link => link.outerHTML);
  const dead = [];
  for (let at = 0; at < links.length; at++) {
    app.setView({content: "rulegraph"});
    await wait(50);
    const link = document.querySelectorAll("#app .prose a[onclick]")[at];
    try { link.onclick.call(link, new Event("click")); } catch (error) { dead.push(links[at]); }
    await wait(50);
    if (!view()) dead.push(links[at]);
  }
  for (const [path, result] of Object.entries(results)) {
    const kind = result.mime_type === "text/html" ? "html" : "img";
    app.setView({content: kind, contentPath: result.data_uri, resultPath: path});
    await wait(100);
    const seen = view();
    const there = seen?.src === result.data_uri;
    if (there && kind === "img") await seen.decode().catch(() => null);
    shown[path] = kind === "html"
      ? {kind, there, text: await (await fetch(result.data_uri)).text()}
      : {kind, there, width: seen?.naturalWidth ?? 0};
    app.showResultInfo(path);
    await wait(50);
    shown[path].caption = document.querySelector("#app .prose-invert")?.textContent ?? "";
  }
  const answer = document.createElement("pre");
  answer.id = "walked";
  answer.textContent = JSON.stringify({landing, links: links.length, dead, shown});
  document.body.append(answer);
});
</script>
"""
"""Follows every link of the first page, then shows every file that the report embeds."""


@pytest.fixture(
    scope="module",
    params=reports() or [None],
    ids=lambda path: path.parent.name if path else "none",
)
def walk(request, browser, tmp_path_factory) -> dict[str, Any]:
    """What one walk through the whole report saw, and the ``console``."""
    if request.param is None:
        pytest.skip("no results/*/report.html here: run make demo, or set MMER_REPORT to a report")
    copy = tmp_path_factory.mktemp("report") / "report.html"
    text = request.param.read_text("utf-8")
    end = text.rindex("</body>")
    copy.write_text(text[:end] + WALK + text[end:], "utf-8")
    document, log = browser(copy, seconds=240)
    answer = re.search(r'<pre id="walked">(.*?)</pre>', document, re.DOTALL)
    assert answer is not None, f"the walk did not end: {log[-2000:]}"
    console = [line for line in log.splitlines() if "CONSOLE" in line]
    return {**json.loads(html.unescape(answer[1])), "console": console}


def test_the_console_tells_of_no_error(walk):
    # Tailwind, which the workflow engine embeds, advises against itself.
    advice = "cdn.tailwindcss.com should not be used"
    assert [line for line in walk["console"] if advice not in line] == []


def test_every_file_is_shown_with_a_caption_and_no_picture_is_broken(walk):
    shown = walk["shown"]
    assert shown and "img" in {page["kind"] for page in shown.values()}
    assert [path for path, page in shown.items() if not page["there"]] == []
    assert [path for path, page in shown.items() if not page["caption"]] == []
    assert [path for path, page in shown.items() if page.get("width", 300) < 300] == []


def test_every_link_of_the_first_page_shows_something(walk):
    assert walk["links"] >= 8
    assert walk["dead"] == []


def test_every_page_of_a_synthetic_report_says_so(walk):
    if "synthetic" not in walk["landing"].lower():
        pytest.skip("this report is not of a synthetic corpus")
    for path, page in walk["shown"].items():
        # A figure is a picture here; its caption says it, and tests of figures see its own words.
        assert "synthetic" in page.get("text", page["caption"]).lower(), path
