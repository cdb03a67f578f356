"""How a report looks: one style sheet, light and dark, for screens and for paper."""

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a1d21;--muted:#5c6570;--line:#d9dee4;
--blue:#2563a8;--orange:#b8560f;--good:#1d7044;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1d2125;--ink:#e8eaed;--muted:#a3adb8;--line:#363d45;
--blue:#79b4f2;--orange:#f0a35e;--good:#6fcf97;--bad:#f28b82}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.4rem;margin:0;overflow-wrap:anywhere}h2{font-size:1rem;margin:0 0 .6rem}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;
margin-top:1rem;overflow-x:auto}
p{margin:.3rem 0}.muted,.note{color:var(--muted)}
.status{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .6rem;font-size:.85rem}
.done{color:var(--good)}.blocked,.cancelled,.stale{color:var(--bad)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.8rem;margin:0}
dt{color:var(--muted);font-size:.85rem}dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);font-weight:400;overflow-wrap:anywhere}
thead th{color:var(--muted);font-size:.85rem}.n{text-align:right;white-space:nowrap}
.bars th{white-space:nowrap;width:1%}.bars .bar{width:50%;min-width:5rem}
.bars .note{font-size:.85rem;min-width:8rem;overflow-wrap:normal}
.bar span{display:block;height:1.1rem;border-radius:2px;background:var(--blue);min-width:1px}
svg{display:block;width:100%;height:auto}svg text{fill:var(--muted);font:12px system-ui,sans-serif}
svg line{stroke:var(--line)}.up,.area{fill:var(--blue)}.down{fill:var(--orange)}.area{fill-opacity:.75}
.key span{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin:0 .3rem 0 .8rem}
.key .j{background:var(--blue)}.key .l{background:var(--orange)}
summary{cursor:pointer}@media print{body{background:none}section{break-inside:avoid}}
"""
