"""The command ``nodalroom``.

Exit codes: 0 the command did what was asked; 1 the case has no power-flow solution, as the tables and
the report that are written say too; 2 wrong usage, bad input, an option out of range, or output that
cannot be written; 70 a bug; 130 interrupted (Ctrl-C): what was finished is written, beside the files
named; 141 the reader of standard output went away, as in ``| head``.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from . import __version__
from . import sweep as run_sweep
from ._cli_common import (
    BAD_INPUT,
    BUG,
    INTERRUPTED,
    NO_READER,
    NO_SOLUTION,
    check_outputs,
    exit_codes,
    network_of,
    print_json,
    say,
    say_interrupted,
    working,
    write,
)
from ._cli_groups import Edits, edits, taking
from ._cli_options import (
    BalanceArea,
    BalanceOption,
    BandOption,
    BandPostOption,
    Branches,
    Case,
    Contingencies,
    GroupedCommand,
    Json,
    MonitorMinKv,
    OutCase,
    ProgressOption,
    QLimits,
    RatingIntact,
    RatingPost,
    Threads,
    WorstViolations,
    Tolerance,
    Top,
    VoltageChange,
    balance_from,
    band_from,
    one_of,
    out_option,
)
from ._cli_study import compare, headroom, report, witness
from ._cli_text import show_flow, show_info, show_sweep
from ._cli_upgrades import ladder, upgrades
from ._output import SAVED_ENDINGS, check_output, plain, reason, records, write_table
from ._packing import ENDING
from ._partial import targets
from ._words import status_counts
from .errors import NodalroomError, OptionError, PartialResultWarning

SHELLS = ("bash", "zsh", "fish")
#: Set by the scripts of the command completion when they ask what may follow.
COMPLETE = "_NODALROOM_COMPLETE"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=exit_codes(),
)


def grouped(short: str, example: str, unsolved: bool = True, partial: bool = True) -> dict[str, Any]:
    """How the help of a command is set: options in groups, an example, the exit codes that it has."""
    epilog = f"Example: nodalroom {example}\n\n{exit_codes(unsolved, partial)}"
    return {"cls": GroupedCommand, "epilog": epilog, "short_help": short}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nodalroom {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """AC N-1 headroom of transmission grids: how many MW of new load fit at every bus, and what limits it."""


@app.command(
    **grouped("Sizes, totals and diagnostics of a case.", "info case.m --branches", unsolved=False, partial=False)
)
@taking(changes=edits)
def info(case: Case, list_branches: Branches = False, as_json: Json = False, top: Top = 10, *, changes: Edits) -> None:
    """What is in a case: sizes, totals, voltage levels, and what is doubtful in it."""
    net = network_of(case, changes)
    buses, branches, units, loads = net.buses, net.branches, net.generators, net.loads
    running = units[units["in_service"]]
    served = loads[loads["in_service"]]
    content = {
        "name": net.name,
        "source": net.source,
        "edits": net.edits,
        "base_mva": net.base_mva,
        "buses": len(buses),
        "isolated_buses": int((buses["type"] == "isolated").sum()),
        "branches": len(branches),
        "branches_in_service": int(branches["in_service"].sum()),
        "transformers": int((branches["kind"] == "transformer").sum()),
        "bridges": int(branches["is_bridge"].sum()),
        "units": len(units),
        "units_in_service": len(running),
        "load_mw": float(served["p_mw"].sum()),
        "load_mvar": float(served["q_mvar"].sum()),
        "generation_mw": float(running["p_mw"].sum()),
        "capacity_mw": plain(float(running["p_max_mw"].sum())),
        "islands": net.islands,
        "reference_buses": net._core.reference_buses,
        "base_kv": {
            f"{kv:g}": int(count) for kv, count in buses["base_kv"].value_counts().sort_index(ascending=False).items()
        },
    }
    diagnostics = net.diagnostics
    listed = branches if list_branches else None
    if as_json:
        rows = {} if listed is None else {"branch_rows": records(listed)}
        print_json({**content, **rows, "diagnostics": records(diagnostics)})
        return
    show_info(content, diagnostics, top, listed)


@app.command(**grouped("Solve the AC power flow.", "solve case.m --out-branches flows.csv", partial=False))
@taking(changes=edits)
def solve(
    case: Case,
    q_limits: QLimits = True,
    balance: BalanceOption = "reference",
    balance_area: BalanceArea = None,
    init: Annotated[
        str,
        typer.Option(
            metavar="START",
            help="auto, stored, dc or flat.",
            autocompletion=one_of("auto", "stored", "dc", "flat"),
        ),
    ] = "auto",
    tolerance: Tolerance = 1e-8,
    max_iterations: Annotated[int, typer.Option(metavar="N", help="Newton steps between two switches of limits.")] = 30,
    out_buses: Annotated[list[Path] | None, out_option("the table of buses")] = None,
    out_branches: Annotated[list[Path] | None, out_option("the table of branches")] = None,
    out_generators: Annotated[list[Path] | None, out_option("the table of generating units")] = None,
    as_json: Json = False,
    top: Top = 5,
    *,
    changes: Edits,
) -> None:
    """Solve the AC power flow."""
    outputs = {"buses": out_buses, "branches": out_branches, "generators": out_generators}
    for name, paths in outputs.items():
        check_outputs(paths, keep=[case, balance], option=f"--out-{name}")
    net = network_of(case, changes)
    supply = balance_from(balance, net._units())
    with working("solving"):
        flow = net.solve(q_limits, supply, init, tolerance, max_iterations, balance_area=balance_area)  # type: ignore[arg-type]
    for name, paths in outputs.items():
        for path in paths or []:
            frame = getattr(flow, name)
            write(path, lambda file, frame=frame: write_table(frame, file), quiet=as_json)  # type: ignore[misc]
    if as_json:
        print_json(
            {
                "case": net.name,
                "edits": net.edits,
                "converged": flow.converged,
                "status": flow.status,
                "iterations": flow.iterations,
                "max_mismatch_pu": plain(flow.max_mismatch_pu),
                "reason": flow.reason,
                "attempts": records(flow.attempts),
                "worst_buses": records(flow.worst_buses),
                "buses": records(flow.buses),
                "branches": records(flow.branches),
                "generators": records(flow.generators),
            }
        )
    else:
        show_flow(net.name, flow, balance, top)
    if not flow.converged:
        raise typer.Exit(NO_SOLUTION)


@app.command(**grouped("Solve every single outage.", "sweep case.m --out-violations broken.csv"))
@taking(changes=edits)
def sweep(
    case: Case,
    contingencies: Contingencies = "n-1",
    balance: BalanceOption = "spare",
    balance_area: BalanceArea = None,
    q_limits: QLimits = True,
    rating_intact: RatingIntact = "A",
    rating_post: RatingPost = "B",
    voltage_band: BandOption = None,
    voltage_band_post: BandPostOption = None,
    voltage_change_max: VoltageChange = None,
    monitor_min_kv: MonitorMinKv = 0.0,
    worst_violations: WorstViolations = 100,
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
    out: Annotated[
        list[Path] | None, out_option("one row per state", ".csv, .parquet, .json, .nodalroom (the sweep, saved)")
    ] = None,
    out_violations: Annotated[list[Path] | None, out_option("one row per limit broken")] = None,
    as_json: Json = False,
    top: Top = 10,
    *,
    changes: Edits,
) -> None:
    """Solve the intact case and every single outage, and list the limits broken."""
    check_outputs(out, SAVED_ENDINGS, keep=[case, balance])
    check_outputs(out_violations, keep=[case, balance], option="--out-violations")
    net = network_of(case, changes, progress)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialResultWarning)
        result = run_sweep(
            net,
            contingencies,  # type: ignore[arg-type]
            q_limits,
            balance_from(balance, net._units()),
            rating_intact,  # type: ignore[arg-type]
            rating_post,  # type: ignore[arg-type]
            band_from("--voltage-band", voltage_band),
            band_from("--voltage-band-post", voltage_band_post),
            voltage_change_max,
            monitor_min_kv,
            threads,
            progress,
            tolerance,
            balance_area=balance_area,
            worst_violations=worst_violations,
        )
    table = result.table
    counts = status_counts(table)
    finished = len(table) - counts.get("not_run", 0)
    written = targets(out, result.complete, finished)
    for path in written:
        saved = path.suffix.lower() == ENDING
        write(path, result.save if saved else lambda file: write_table(table, file), as_json, progress)
    broken = targets(out_violations, result.complete, finished)
    for path in broken:
        write(path, lambda file: write_table(result.violations, file), as_json, progress)
    if as_json:
        typer.echo(result.to_json())
    else:
        show_sweep(result, counts, top)
    if not result.complete:
        done = f"{finished:,} of {len(table):,} states were finished"
        say_interrupted(done, [*(out or []), *(out_violations or [])], [*written, *broken])
        raise typer.Exit(INTERRUPTED)
    if not result.intact_solved:
        raise typer.Exit(NO_SOLUTION)


app.command(
    **grouped(
        "MW of new load that fit at each bus.", "headroom case.m --min-kv 100 --out headroom.csv --out headroom.html"
    )
)(headroom)
app.command(**grouped("What would have to be stronger for one bus.", "ladder case.m 8 --target-mw 120"))(ladder)
app.command(
    **grouped(
        "Which elements hold most buses, and what each would unlock.", "upgrades case.m --most 5 --out upgrades.csv"
    )
)(upgrades)
app.command(**grouped("Write a bus's limit as a case file.", "witness case.m 8 witness_8.m", partial=False))(witness)
app.command(
    **grouped(
        "What changed between two saved studies.",
        "compare before.nodalroom after.nodalroom",
        unsolved=False,
        partial=False,
    )
)(compare)
app.command(
    **grouped("Write the report of a saved study.", "report study.nodalroom report.html", unsolved=False, partial=False)
)(report)


@app.command(
    **grouped(
        "Check a case and write it again, edited perhaps.",
        "convert case.m edited.m --without-branch 5-6",
        unsolved=False,
        partial=False,
    )
)
@taking(changes=edits)
def convert(case: Case, out: OutCase, as_json: Json = False, *, changes: Edits) -> None:
    """Read a case, check it, and write it again: every table and every number is kept to the last bit.

    The comments it begins with are kept, others are not. Edits are made before it is written.
    """
    check_output(out, (".m",), keep=[case], option="OUT.m")
    net = network_of(case, changes)
    write(out, lambda file: net.to_matpower(file), quiet=as_json)
    if as_json:
        about = {"case": net.name, "source": net.source, "edits": net.edits, "case_hash": net.case_hash}
        print_json({**about, "file": str(out), "diagnostics": records(net.diagnostics)})


@app.command(**grouped("A script that completes words in a shell.", "completion bash", unsolved=False, partial=False))
def completion(
    shell: Annotated[
        str,
        typer.Argument(metavar="bash|zsh|fish", help="The shell.", show_default=False, autocompletion=one_of(*SHELLS)),
    ],
) -> None:
    """Print a script with which a shell completes commands, options and their values.

    For bash, in ~/.bashrc: eval "$(nodalroom completion bash)". For zsh the same, in ~/.zshrc after compinit. For
    fish: nodalroom completion fish > ~/.config/fish/completions/nodalroom.fish
    """
    if shell not in SHELLS:
        raise OptionError(f"SHELL {shell}; must be {', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
    typer.echo(get_completion_script(prog_name="nodalroom", complete_var=COMPLETE, shell=shell))


def with_value(error: Any) -> str:
    """What click says of a usage error, with the value that is wrong, which some versions of typer leave out."""
    message = str(getattr(error, "message", "") or "")
    problems = getattr(error.__cause__, "errors", None)
    first = problems()[0] if callable(problems) else {}
    value = first.get("input")
    if not isinstance(value, str):
        return message
    kinds = {"float_parsing": "a number", "int_parsing": "a whole number"}
    if first.get("type") in kinds:
        message = f"{value!r} is not {kinds[first['type']]}"
    elif value not in message:
        message = f"{value!r}: {message}"
    return message + ("; its value is missing before the next option" if value.startswith("--") else "")


def as_given(problem: str, words: Iterable[str]) -> str:
    """What is wrong with an argument of a call, said of the option that gave it: --max-mw for max_mw."""
    found = re.match(r"([a-z]+(?:_[a-z]+)*)( = |: )", problem)
    if found is None:
        return problem
    option = "--" + found[1].replace("_", "-")
    if not any(word == option or word.startswith(option + "=") for word in words):
        return problem
    return option + (" " if found[2] == " = " else ": ") + problem[found.end() :]


def _drop_output() -> None:
    """Lets what is still buffered go nowhere, or the interpreter would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Runs the command; errors are one line on standard error, never a traceback."""
    for stream in (sys.stdout, sys.stderr):  # names of files may hold what a stream cannot say
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if COMPLETE in os.environ:
        completion_init()
    try:
        status = app(prog_name="nodalroom", standalone_mode=False)
        sys.stdout.flush()
    except NodalroomError as error:
        say(f"error: {as_given(str(error), sys.argv[1:]) if isinstance(error, OptionError) else error}")
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        sys.exit(INTERRUPTED)
    except SystemExit as ended:  # click's own answer to a broken pipe is exit code 1
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        _drop_output()
        sys.exit(NO_READER)
    except BrokenPipeError:
        _drop_output()
        sys.exit(NO_READER)
    except OSError as error:
        _drop_output()
        say(f"error: standard output: cannot be written: {reason(error)}")
        sys.exit(BAD_INPUT)
    except Exception as error:
        show = getattr(error, "show", None)  # click's usage errors, whichever click typer brings along
        if show is None:
            if os.environ.get("NODALROOM_TRACEBACK"):
                raise
            hint = "NODALROOM_TRACEBACK=1 shows where; please report it"
            say(f"internal error: {type(error).__name__}: {error} ({hint})")
            sys.exit(BUG)
        error.message = with_value(error)  # type: ignore[attr-defined]
        show()
        sys.exit(getattr(error, "exit_code", BAD_INPUT))
    sys.exit(status if isinstance(status, int) else 0)
