"""How pages and charts look: one style sheet, for light and dark, without anything to load."""

_LIGHT = """
  --page: #f4f6f8; --surface: #ffffff; --ink: #18212c; --muted: #556273; --line: #dfe4ea;
  --accent: #2160c4; --on-accent: #ffffff; --fault: #c33d26; --on-fault: #ffffff;
  --good: #1c7d52; --series-0: #2160c4; --series-1: #cf6d0a; --series-2: #1c7d52;
  --series-3: #7a4cc0;
"""
_DARK = """
  --page: #10141a; --surface: #191f28; --ink: #e7ebf1; --muted: #9daab9; --line: #2d3743;
  --accent: #6ea8ff; --on-accent: #0b1420; --fault: #ff8a6e; --on-fault: #1d0b06;
  --good: #5fd1a1; --series-0: #6ea8ff; --series-1: #ffb35c; --series-2: #5fd1a1;
  --series-3: #bb98f7;
"""

_PAGE = """
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; line-height: 1.3; margin: 0 0 4px; }
h3 { font-size: 14px; margin: 0 0 8px; }
p { margin: 0 0 12px; max-width: 100ch; }
.muted, .note { color: var(--muted); }
.good { color: var(--good); }
.fault { color: var(--fault); }
section, .tile {
  background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
}
section { padding: 20px 24px; margin-top: 20px; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 16px;
  margin: 24px 0 0;
}
.tile { padding: 16px 18px; }
.tile dt { color: var(--muted); font-size: 13px; }
.tile dd { margin: 0; }
.tile .value {
  font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
.tile .note { font-size: 12.5px; }
.columns {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(360px, 100%), 1fr));
  gap: 20px 32px;
}
.small {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 20px;
}
.columns + .columns, .scroll + .columns, .scroll + h3, .gallery + h3 { margin-top: 20px; }
.scroll { overflow: auto; max-height: 640px; }
.scroll.wide { max-height: none; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td {
  padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top;
}
thead th {
  position: sticky; top: 0; background: var(--surface); color: var(--muted); font-size: 13px;
  font-weight: 600;
}
tbody th { font-weight: 500; }
.long { min-width: 16em; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; }
figure { margin: 0; }
figcaption { color: var(--muted); font-size: 13px; margin-top: 6px; overflow-wrap: anywhere; }
.gallery {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 16px;
}
.gallery figure { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.gallery img {
  display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--page);
}
.gallery .pixels { image-rendering: pixelated; }
.gallery figcaption { margin: 0; padding: 8px 10px 10px; line-height: 1.4; color: var(--ink); }
@media (max-width: 640px) {
  main { padding: 16px 12px 40px; }
  section { padding: 16px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; }
  .tile { padding: 12px 14px; }
  .tile .value { font-size: 22px; }
  .gallery { grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px; }
  table { font-size: 13px; }
  th, td { padding-right: 10px; }
  .long { min-width: 13em; }
}
@media print { body { background: none; } section, .tile { break-inside: avoid; } }
"""

_CHARTS = """
svg { display: block; max-width: 100%; height: auto; font: 11.5px/1 system-ui, sans-serif; }
.wide svg { max-width: none; }
svg text { fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .strong { fill: var(--ink); }
svg .on-accent { fill: var(--on-accent); }
svg .on-fault { fill: var(--on-fault); }
svg .middle { text-anchor: middle; }
svg .end { text-anchor: end; }
.grid { stroke: var(--line); }
.frame { fill: none; stroke: var(--line); }
.guide { fill: none; stroke: var(--muted); stroke-dasharray: 4 4; }
.hit { fill: var(--accent); }
.miss { fill: var(--fault); }
.bar { fill: var(--series-0); }
.mark { stroke: var(--series-1); stroke-width: 3; }
.interval { stroke: var(--ink); stroke-width: 1.5; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.series-0 { stroke: var(--series-0); }
.series-1 { stroke: var(--series-1); stroke-dasharray: 7 4; }
.series-2 { stroke: var(--series-2); stroke-dasharray: 2 4; }
.series-3 { stroke: var(--series-3); stroke-dasharray: 9 3 2 3; }
.dot { fill: var(--surface); stroke-width: 2; stroke-dasharray: none; }
"""

STYLE = (
    f":root {{ color-scheme: light dark; {_LIGHT} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}"
    f"{_PAGE}{_CHARTS}"
)
