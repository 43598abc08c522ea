"""The frame of every HTML page: self-contained, with the banner of a synthetic corpus."""

from __future__ import annotations

from html import escape

from mmer.report.corpus_label import corpus_sentence, headed, is_synthetic

_STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.4 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1a1a;
  background: #fff; margin: 1.5rem auto; max-width: 84rem; padding: 0 1.25rem; }
h1 { font-size: 1.35rem; margin: 0 0 .6rem; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
.corpus { color: #444; margin: 0 0 1rem; }
.synthetic { background: #ffe9c7; border: 2px solid #b35900; border-radius: 4px; color: #5c2e00;
  font-weight: 600; margin: 0 0 1rem; padding: .6rem .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .55rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid #d8d8d8; }
thead th { background: #f2f4f7; border-bottom: 2px solid #888; position: sticky; top: 0; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
td:not(.number) { max-width: 30rem; overflow-wrap: break-word; }
td.short { white-space: nowrap; }
td.wide { min-width: 15rem; }
td.long { min-width: 15rem; overflow-wrap: anywhere; }
tbody tr:hover { background: #f6f9fc; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px; }
th button::after { content: " \\2195"; color: #8a8a8a; }
th[aria-sort=ascending] button::after { content: " \\2191"; color: #0072b2; }
th[aria-sort=descending] button::after { content: " \\2193"; color: #0072b2; }
.search { margin: 0 0 .7rem; }
.search input { font: inherit; padding: .3rem .5rem; width: 18rem; max-width: 100%;
  border: 1px solid #888; border-radius: 4px; }
.notes { color: #444; font-size: .92rem; margin-top: .9rem; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: .85rem; }
code { font-size: .88rem; overflow-wrap: anywhere; }
"""

_SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, at) => row.cells[at].dataset.sort ?? row.cells[at].textContent;
  heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    const numeric = head.classList.contains("number");
    heads.forEach(other => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (one, two) => {
      const a = value(one, at), b = value(two, at);
      if (a === "" || b === "") return (a === "") - (b === "");
      const rise = numeric ? Number(a) - Number(b)
        : a.localeCompare(b, undefined, {numeric: true});
      return down ? -rise : rise;
    };
    body.append(...[...body.rows].sort(order));
  }));
  const search = document.querySelector(`input[data-table="${table.id}"]`);
  search?.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\\s+/);
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
  });
}
"""


def page(title: str, corpus_label: str, body: str) -> str:
    """A whole page that loads nothing from elsewhere.

    Parameters
    ----------
    title
        Heading, plain text.
    corpus_label
        What the numbers were measured on; a synthetic corpus gets a banner.
    body
        HTML, already escaped.
    """
    heading = escape(headed(title, corpus_label))
    kind = "synthetic" if is_synthetic(corpus_label) else "corpus"
    role = ' role="note"' if kind == "synthetic" else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{heading}</h1>\n"
        f'<p class="{kind}"{role}>{escape(corpus_sentence(corpus_label))}</p>\n'
        f"{body}\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )
