# SPDX-License-Identifier: Apache-2.0
"""The chart of the comparison, drawn by gnuplot: time of each tool as a multiple of lagan's."""
import shutil
import subprocess

from tools import WORKS

COLOURS = {"lagan": "#1b6ca8", "restic": "#e07b39", "borg": "#5a9e5a", "floor": "#9a9a9a"}
LABELS = {"first": "first backup", "nochange": "no change", "restore": "restore",
          "check": "full check"}
TERMINALS = {"svg": "svg size 1100,{height} font 'sans,13' background 'white'",
             "png": "pngcairo size 1100,{height} font 'sans,11'"}
PANEL_HEIGHT = 330
# Above this multiple a bar would flatten all others; it is cut, and its number tells.
CUT = 10
BAR = 0.8


def ratios_of(set_name, rows):
    """{(work, tool): time / lagan's} of one set."""
    walls = {(row["work"], row["tool"]): row["wall"] for row in rows if row["set"] == set_name}
    return {(work, tool): wall / walls[(work, "lagan")] for (work, tool), wall in walls.items()
            if walls.get((work, "lagan"))}


def data_block(set_name, names, ratios):
    """A named block of gnuplot: position, height, label per bar, one index per tool."""
    lines = [f"${set_name} << END"]
    for i, name in enumerate(names):
        offset = (i - (len(names) - 1) / 2) * BAR / len(names)
        for place, work in enumerate(WORKS):
            if (work, name) in ratios:
                ratio = ratios[(work, name)]
                label = f"{ratio:.{2 if ratio < 1.5 else 1 if ratio < 9.95 else 0}f}"
                lines.append(f"{place + offset:.3f} {min(ratio, CUT):.3f} {label}")
        lines += ["", ""]
    return "\n".join([*lines, "END"])


def panel(set_name, names, ratios):
    """The commands that draw one set."""
    top = min(max(ratios.values(), default=1), CUT) * 1.15
    plots = []
    for i, name in enumerate(names):
        if any(tool == name for _, tool in ratios):
            plots.append(f"${set_name} index {i} using 1:2 with boxes "
                         f"lc rgb '{COLOURS[name]}' title '{name}'")
            if name != "lagan":
                plots.append(f"${set_name} index {i} using 1:2:3 with labels "
                             "offset 0,0.6 font ',9' notitle")
    return f"""set title '{set_name}' offset 0,-0.5
set yrange [0:{top:.2f}]
plot {', '.join(plots)}, 1 with lines lc rgb '#1b6ca8' dt 2 notitle"""


def script_of(sets, names, rows, path, kind):
    ratios = {name: ratios_of(name, rows) for name in sets}
    ratios = {name: found for name, found in ratios.items() if found}
    ticks = ", ".join(f"'{LABELS[work]}' {place}" for place, work in enumerate(WORKS))
    terminal = TERMINALS[kind].format(height=60 + PANEL_HEIGHT * ((len(ratios) + 1) // 2))
    columns = min(len(ratios), 2)
    parts = [f"set terminal {terminal}", f"set output '{path}'",
             *(data_block(name, names, found) for name, found in ratios.items()),
             f"set boxwidth {BAR / len(names) * 0.92:.3f}", "set style fill solid 1.0 noborder",
             f"set xtics ({ticks}) scale 0", "set xrange [-0.6:3.6]", "set ytics nomirror",
             "set grid ytics lc rgb '#dddddd'", "set border 3",
             "set ylabel 'time / time of lagan'", "set key below horizontal",
             f"set multiplot layout {(len(ratios) + 1) // 2},{columns} "
             f"title 'time as a multiple of lagan (bars end at {CUT})'"]
    parts += [panel(name, names, found) for name, found in ratios.items()]
    return "\n".join([*parts, "unset multiplot", ""])


def draw(sets, names, rows, options):
    """Writes bench.svg (or .png) and its script; without gnuplot it says so and draws none."""
    if "lagan" not in names or not rows:
        return
    path = f"{options.results}/bench.{options.chart}"
    script = options.results + "/bench.gnuplot"
    with open(script, "w", encoding="ascii") as out:
        out.write(script_of(sets, names, rows, path, options.chart))
    if not shutil.which("gnuplot"):
        print(f"no chart: gnuplot is not installed; its script is {script}")
    elif subprocess.run(["gnuplot", script], check=False).returncode != 0:
        print(f"no chart: gnuplot failed on {script}")
    else:
        print(f"chart:   {path}")
