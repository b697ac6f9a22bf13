"""draw.py - results as a table in Markdown and as a picture (SVG)"""
import math

LABEL, BAR, ROW, GAP, TOP = 470, 420, 13, 9, 52
COLOURS = ["#2f6f9f", "#d08a2e", "#7a9a3a", "#a34d4d", "#6d5a9e"]


def number(v):
    return f"{v:,.0f}".replace(",", " ") if v >= 100 else f"{v:.3g}"


def ratio(case, name):
    own, other = (case["tools"].get(n, {}).get("median") for n in ("hark", name))
    return other / own if own and other is not None else None


def table(result):
    names = [t["name"] for t in result["tools"]]
    head = ["", "", *names, *(f"{n} / hark" for n in names if n != "hark")]
    rows = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
    for case in result["cases"]:
        cells = []
        for n in names:
            s = case["tools"].get(n)
            cells.append(f"{number(s['median'])} ({number(s['min'])}–{number(s['max'])})" if s else "–")
        for n in names:
            if n != "hark":
                r = ratio(case, n)
                cells.append(f"{r:.1f}" if r is not None else "–")
        rows.append(f"| `{case['name']}` | {case['title']}, {case['unit']} | " +
                    " | ".join(cells) + " |")
    return "\n".join(rows)


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def svg(result):
    """A bar for each tool and case: how many times as much as hark it takes, on a log scale."""
    names = [t["name"] for t in result["tools"]]
    cases = [c for c in result["cases"] if c["tools"].get("hark", {}).get("median")]
    most = max([r for c in cases for n in names if (r := ratio(c, n))] or [1])
    decades = max(1, math.ceil(math.log10(max(most, 1.0001))))
    x = lambda r: LABEL + BAR * max(0, math.log10(max(r, 0.1)) + 1) / (decades + 1)
    out, y = [], TOP
    for i, n in enumerate(names):
        out.append(f'<rect x="{LABEL + i * 170}" y="10" width="10" height="10" '
                   f'fill="{COLOURS[i % len(COLOURS)]}"/>'
                   f'<text x="{LABEL + 15 + i * 170}" y="19">{escape(n)}</text>')
    body = []
    for c in cases:
        title = c["title"] if len(c["title"]) < 72 else c["title"][:70] + "…"
        body.append(f'<text x="{LABEL - 8}" y="{y + ROW - 3}" text-anchor="end">'
                    f'{escape(title)}, {c["unit"]}</text>')
        for i, n in enumerate(names):
            r = ratio(c, n)
            if r is None:
                continue
            median = c["tools"][n]["median"]
            body.append(f'<rect x="{LABEL}" y="{y}" width="{x(r) - LABEL:.1f}" height="{ROW - 2}" '
                        f'fill="{COLOURS[i % len(COLOURS)]}"/><text class="n" x="{x(r) + 4:.1f}" '
                        f'y="{y + ROW - 4}">{number(median)}</text>')
            y += ROW
        y += GAP
    for d in range(-1, decades + 1):
        at = x(10.0 ** d)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 6}" y2="{y}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{TOP - 10}" text-anchor="middle">{10.0 ** d:g}×</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + BAR + 70}" height="{y + 4}" '
            'font-family="sans-serif" font-size="11"><style>.n{font-size:9px;fill:#555}</style>'
            '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(out + body) + "\n</svg>\n")
