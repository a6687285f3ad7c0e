"""The page that shows a person what the sandbox OMS has. No script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from kartify.domain.money import display
from kartify_sandbox_oms.book import SalesOrder

STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #56626f; --line: #d9dee4; --ground: #f6f7f9; --card: #fff;
  --good: #11603a; --good-bg: #def3e6; --warn: #7a4300; --warn-bg: #fdecd2; --bad: #9a1c1c; --bad-bg: #fde4e4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf1; --soft: #a5b0bc; --line: #343d47; --ground: #14181d;
  --card: #1d2329; --good: #9be3b8; --good-bg: #14382a; --warn: #f6c885; --warn-bg: #40290b; --bad: #ffb3b3;
  --bad-bg: #4a1a1a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.5rem; }
p { margin: .25rem 0 1.25rem; color: var(--soft); }
.card { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
table { width: 100%; border-collapse: collapse; }
caption { padding: .9rem 1rem; text-align: left; font-weight: 600; }
th, td { padding: .6rem 1rem; border-top: 1px solid var(--line); text-align: left; white-space: nowrap; }
thead th { color: var(--soft); font-size: .85rem; font-weight: 600; }
tr:target { background: var(--warn-bg); }
.sum { text-align: right; font-variant-numeric: tabular-nums; }
code { font: .9rem ui-monospace, Menlo, Consolas, monospace; }
.state { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .85rem; font-weight: 600;
  background: var(--good-bg); color: var(--good); }
.on_hold, .returned { background: var(--warn-bg); color: var(--warn); }
.cancelled, .twice { background: var(--bad-bg); color: var(--bad); }
.empty { padding: 2rem 1rem; text-align: center; color: var(--soft); }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox OMS</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Sandbox OMS</h1>
<p>Merchant <strong>{merchant}</strong>. It behaves now: {behaviour}. Load the page again to see what is new.</p>
<div class="card" tabindex="0" role="region" aria-labelledby="has">
<table>
<caption id="has">{caption}</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Sales order</th><th scope="col" class="sum">Sum</th>
<th scope="col">State</th><th scope="col">Booked (UTC)</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</main>
</body>
</html>
"""

ROW = (
    '<tr id="{id}"><th scope="row">{number}{twice}</th><td><code>{id}</code></td><td class="sum">{total}</td>'
    '<td><span class="state {state}">{words}</span></td><td><time datetime="{iso}">{time}</time></td></tr>'
)
EMPTY = '<tr><td colspan="5" class="empty">No order has arrived yet.</td></tr>'
TWICE = ' <span class="state twice">duplicate</span>'


def page(orders: Sequence[SalesOrder], *, merchant: str, behaviour: str) -> str:
    """Newest first; a number that has two sales orders is marked."""
    counts = Counter(order.number for order in orders)
    rows = [_row(order, twice=counts[order.number] > 1) for order in reversed(orders)]
    noun = "sales order" if len(orders) == 1 else "sales orders"
    return PAGE.format(
        style=STYLE,
        merchant=escape(merchant),
        behaviour=escape(behaviour),
        caption=f"{len(orders)} {noun}",
        rows="\n".join(rows) or EMPTY,
    )


def _row(order: SalesOrder, *, twice: bool) -> str:
    return ROW.format(
        id=escape(order.id),
        number=escape(order.number),
        twice=TWICE if twice else "",
        total=escape(display(order.total, order.currency)),
        state=escape(order.state),
        words=escape(order.state.replace("_", " ")),
        iso=order.created_at.isoformat(),
        time=f"{order.created_at:%Y-%m-%d %H:%M:%S}",
    )
