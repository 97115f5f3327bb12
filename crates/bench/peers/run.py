"""Runs the queries of `millstream-bench files` over other engines, too, and compares.

The engines take turns: each query over each format is run by one engine after the other, then all of
it again, so that what else the machine does hits all alike. Every run is a process of its own. The
engines come from PyPI in fixed versions, into a virtual environment in the user's cache folder; see
`engines.py` for what each of them is asked.

    python3 crates/bench/peers/run.py t1 f1 --format json,parquet --events 2000000 --parallelism 2
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENGINES = Path(__file__).resolve().with_name("engines.py")
PACKAGES = ["duckdb==2.0.1", "datafusion==55.0.0", "polars==2.1.0", "pyarrow==26.0.1"]

MILLSTREAM = "millstream"
PEERS = ["duckdb", "datafusion", "polars"]
QUERIES = ["t1", "t2", "t3", "f1"]
FORMATS = ["json", "csv", "parquet", "memory"]


def listed(known):
    """A parser of names with commas between them."""

    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names

    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("queries", nargs="*", metavar="QUERY", help="of t1 t2 t3 f1; all by default")
    parser.add_argument("--format", type=listed(FORMATS), default=FORMATS, help="json,csv,parquet,memory")
    parser.add_argument("--engines", type=listed([MILLSTREAM, *PEERS]), default=[MILLSTREAM, *PEERS])
    parser.add_argument("--events", type=int, default=2_000_000, help="how many bids there are")
    parser.add_argument("--parallelism", type=int, default=os.cpu_count() or 1, metavar="THREADS")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder of the files [target/bench-data/EVENTS]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the figures of all runs")
    given = parser.parse_args()
    for query in given.queries:
        if query not in QUERIES:
            parser.error(f"{query} is none of {', '.join(QUERIES)}")
    given.queries = given.queries or QUERIES
    given.data = (given.data or ROOT / "target" / "bench-data" / str(given.events)).resolve()
    return given


def python_with_peers():
    """The interpreter of an environment that has the peers, made when there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "millstream-bench"
    folder = cache / f"peers-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = folder / "installed.txt"
    due = "\n".join(PACKAGES)
    if not installed.exists() or installed.read_text() != due:
        print(f"installing {', '.join(PACKAGES)} into {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        installed.write_text(due)
    return python


def build():
    """The benchmark program, up to date."""
    # Built together with millstream itself it shares all that is compiled for that.
    command = ["cargo", "build", "--release", "-p", "millstream-cli", "-p", "millstream-bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    name = "millstream-bench.exe" if os.name == "nt" else "millstream-bench"
    return ROOT / target / "release" / name


def run_millstream(program, given, query, form):
    """One run of millstream, as its figures."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        done = subprocess.run(
            [program, "files", query, "--format", form, "--events", str(given.events)]
            + ["--parallelism", str(given.parallelism), "--data", given.data]
            + ["--runs", "1", "--json", figures],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            sys.exit(done.stderr)
        return json.loads(figures.read_text())[0]["runs"][0]


def run_peer(python, given, engine, query, form):
    """One run of another engine, as its figures."""
    threads = str(given.parallelism)
    # Polars and the runtime of DataFusion are told their threads before they are loaded.
    environment = {**os.environ, "POLARS_MAX_THREADS": threads, "TOKIO_WORKER_THREADS": threads}
    output = subprocess.run(
        [python, ENGINES, engine, query, form, given.data, threads],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(output.stdout)


def measure(given):
    """Figures of all runs by query, format and engine."""
    program, python = build(), python_with_peers()
    subprocess.run(
        [program, "files", "--prepare", "--format", ",".join(given.format)]
        + ["--events", str(given.events), "--data", given.data],
        check=True,
    )
    cases = {(q, f, e): [] for q in given.queries for f in given.format for e in given.engines}
    for number in range(1, given.runs + 1):
        for (query, form, engine), runs in cases.items():
            print(f"run {number} of {given.runs}: {query} over {form}, {engine}", file=sys.stderr)
            if engine == MILLSTREAM:
                runs.append(run_millstream(program, given, query, form))
            else:
                runs.append(run_peer(python, given, engine, query, form))
    return cases


def median(runs, figure):
    """The median of a figure, or None where the system does not tell it."""
    figures = [run[figure] for run in runs if run.get(figure) is not None]
    return statistics.median(figures) if figures else None


def rounded(figure):
    """A figure with about three digits that count."""
    if figure is None:
        return ""
    digits = 0 if figure >= 99.95 else 1 if figure >= 9.995 else 2 if figure >= 0.9995 else 3
    return f"{figure:.{digits}f}"


def rows_of(given, cases):
    """A line a case."""
    for (query, form, engine), runs in cases.items():
        walls = [run["wall_s"] for run in runs]
        wall = statistics.median(walls)
        ours = cases.get((query, form, MILLSTREAM))
        ratio = wall / median(ours, "wall_s") if ours and engine != MILLSTREAM else None
        yield [
            query.upper(),
            form,
            engine,
            rounded(given.events / wall / 1e6),
            rounded(wall),
            f"{rounded(min(walls))}–{rounded(max(walls))}",
            rounded(median(runs, "cpu_s")),
            rounded(median(runs, "peak_mb")),
            f"{int(median(runs, 'rows_out')):,}",
            rounded(ratio),
        ]


def table(rows):
    """Rows as an aligned table, which is Markdown, too; names stand left and figures right."""
    header = ["query", "format", "engine", "M rows/s", "wall s", "from–to", "CPU s", "peak MB"]
    header += ["rows out", "millstream / peer"]
    names, rows = 3, [header, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < names else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("| " + " | ".join(cells) + " |")
    rule = ["-" * (width + 1) + ("-" if at < names else ":") for at, width in enumerate(widths)]
    lines.insert(1, "|" + "|".join(rule) + "|")
    return "\n".join(lines)


def disagreements(cases):
    """What engines answer with other numbers of rows than the first one."""
    due = {}
    for (query, form, engine), runs in cases.items():
        for run in runs:
            first = due.setdefault(query, (run["rows_out"], engine))
            if run["rows_out"] != first[0]:
                yield f"{query} over {form}: {engine} gives {run['rows_out']} rows, {first[1]} {first[0]}"


def main():
    given = arguments()
    cases = measure(given)
    print(table(rows_of(given, cases)))
    if given.json:
        figures = [
            {"query": query, "format": form, "engine": engine, "size": given.events, "runs": runs}
            for (query, form, engine), runs in cases.items()
        ]
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    different = list(disagreements(cases))
    for line in different:
        print(f"error: {line}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
