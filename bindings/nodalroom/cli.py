"""The command ``nodalroom``.

Exit codes: 0 the command did what was asked; 1 the case has no power-flow solution, as the tables and
the report that are written say too; 2 wrong usage, bad input, an option out of range, or output that
cannot be written; 130 interrupted (Ctrl-C): what was finished is written; 141 the reader of standard
output went away, as in ``| head``.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from . import __version__
from . import sweep as run_sweep
from ._cli_common import (
    BAD_INPUT,
    EXIT_CODES,
    INTERRUPTED,
    NO_READER,
    NO_SOLUTION,
    STUDY_OPTIONS,
    print_json,
    say,
    study_of,
    write,
    write_outcome,
)
from ._cli_options import (
    Attribution,
    AttributionVoltage,
    BalanceArea,
    BalanceOption,
    BandOption,
    BandPostOption,
    Buses,
    Case,
    Certify,
    Contingencies,
    CoordinatesOption,
    Json,
    MaxMovedMw,
    MaxMw,
    MinKv,
    MonitorMinKv,
    MovableUnits,
    PowerFactor,
    ProgressOption,
    QLimits,
    RatingIntact,
    RatingPost,
    Redispatch,
    Threads,
    Tolerance,
    Top,
    VoltageChange,
    balance_from,
    band_from,
    numbers_from,
    out_option,
)
from ._cli_text import show_flow, show_info, show_summary, show_sweep
from ._cli_upgrades import ladder, upgrades
from ._output import check_output, plain, reason, records, write_table
from .coordinates import read_coordinates
from .errors import NodalroomError, OptionError, PartialResultWarning
from .network import read

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


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


@app.command(epilog=EXIT_CODES, short_help="Sizes, totals and doubts of a case.")
def info(case: Case, as_json: Json = False, top: Top = 10) -> None:
    """What is in a case: sizes, totals, voltage levels, and what is doubtful in it."""
    net = read(case)
    buses, branches, units, loads = net.buses, net.branches, net.generators, net.loads
    running = units[units["in_service"]]
    served = loads[loads["in_service"]]
    content = {
        "name": net.name,
        "source": net.source,
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
    if as_json:
        print_json({**content, "diagnostics": records(diagnostics)})
        return
    show_info(content, diagnostics, top)


@app.command(epilog=EXIT_CODES, short_help="Solve the AC power flow.")
def solve(
    case: Case,
    q_limits: QLimits = True,
    balance: BalanceOption = "reference",
    balance_area: BalanceArea = None,
    init: Annotated[str, typer.Option(metavar="START", help="auto, stored, dc or flat.")] = "auto",
    tolerance: Tolerance = 1e-8,
    max_iterations: Annotated[int, typer.Option(metavar="N", help="Newton steps between two switches of limits.")] = 30,
    out_buses: Annotated[Path | None, out_option("the table of buses")] = None,
    out_branches: Annotated[Path | None, out_option("the table of branches")] = None,
    out_generators: Annotated[Path | None, out_option("the table of generating units")] = None,
    as_json: Json = False,
    top: Top = 5,
) -> None:
    """Solve the AC power flow."""
    outputs = {"buses": out_buses, "branches": out_branches, "generators": out_generators}
    for name, path in outputs.items():
        if path is not None:
            check_output(path, keep=[case, balance], option=f"--out-{name}")
    net = read(case)
    supply = balance_from(balance, net._units())
    flow = net.solve(q_limits, supply, init, tolerance, max_iterations, balance_area=balance_area)  # type: ignore[arg-type]
    for name, path in outputs.items():
        if path is not None:
            frame = getattr(flow, name)
            write(path, lambda file, frame=frame: write_table(frame, file), quiet=as_json)  # type: ignore[misc]
    if as_json:
        print_json(
            {
                "case": net.name,
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


@app.command(epilog=EXIT_CODES, short_help="Solve every single outage.")
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
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
    out: Annotated[Path | None, out_option("one row per state")] = None,
    violations: Annotated[Path | None, out_option("one row per limit broken")] = None,
    as_json: Json = False,
    top: Top = 10,
) -> None:
    """Solve the intact case and every single outage, and list the limits broken."""
    for option, path in (("--out", out), ("--violations", violations)):
        if path is not None:
            check_output(path, keep=[case, balance], option=option)
    net = read(case)
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
        )
    if out is not None:
        write(out, lambda file: write_table(result.table, file), quiet=as_json)
    if violations is not None:
        write(violations, lambda file: write_table(result.violations, file), quiet=as_json)
    table = result.table
    counts = {str(status): int(count) for status, count in table["status"].value_counts().items()}
    if as_json:
        print_json(
            {
                "case": net.name,
                "complete": result.complete,
                "intact": result.reason,
                "options": result.options,
                "status": counts,
                "bridges": len(result.bridges),
                "seconds": round(result.seconds, 3),
                "states": records(table),
                "violations": records(result.violations),
            }
        )
    else:
        show_sweep(result, counts, top)
    if not result.complete:
        say("interrupted: the states left out are not_run")
        raise typer.Exit(INTERRUPTED)
    if not result.intact_solved:
        raise typer.Exit(NO_SOLUTION)


@app.command(epilog=EXIT_CODES, short_help="MW of new load that fit at each bus.")
def headroom(
    case: Case,
    buses: Buses = None,
    min_kv: MinKv = 0.0,
    power_factor: PowerFactor = 0.95,
    max_mw: MaxMw = 2000.0,
    contingencies: Contingencies = "n-1",
    balance: BalanceOption = "spare",
    balance_area: BalanceArea = None,
    rating_intact: RatingIntact = "A",
    rating_post: RatingPost = "B",
    attribution: Attribution = 0.03,
    attribution_voltage: AttributionVoltage = 0.005,
    voltage_band: BandOption = None,
    voltage_band_post: BandPostOption = None,
    voltage_change_max: VoltageChange = None,
    monitor_min_kv: MonitorMinKv = 0.0,
    q_limits: QLimits = True,
    certify: Certify = "screened",
    redispatch: Redispatch = False,
    movable_units: MovableUnits = None,
    max_moved_mw: MaxMovedMw = None,
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
    out: Annotated[list[Path] | None, out_option("the table; may be repeated")] = None,
    report: Annotated[Path | None, out_option("the report", ".html")] = None,
    coordinates: CoordinatesOption = None,
    as_json: Json = False,
    top: Top = 10,
) -> None:
    """How many MW of new load fit at each bus under N-1, and what limits it."""
    asked = {name: value for name, value in locals().items() if name in STUDY_OPTIONS}
    for path in out or []:
        check_output(path, keep=[case, balance], option="--out")
    if report is not None:
        keep = [case, Path(balance), *([] if coordinates is None else [coordinates])]
        check_output(report, (".html", ".htm"), keep=keep, option="--report")
    elif coordinates is not None:
        raise OptionError("--coordinates is for the report; name one with --report")
    net = read(case)
    if coordinates is not None:
        read_coordinates(coordinates, net)  # a bad file is refused before the study, not after it
    study = study_of(
        net,
        numbers_from("--buses", "bus numbers", buses),
        asked,
    )
    write_outcome(study, out, quiet=as_json)
    if report is not None:
        write(report, lambda file: study.report(file, coordinates=coordinates), quiet=as_json)
    if as_json:
        typer.echo(study.to_json())
    else:
        show_summary(study, top)
    if not study.complete:
        say(f"interrupted: {len(study.table)} of {study.candidates} buses were finished")
        raise typer.Exit(INTERRUPTED)
    if not study.intact_solved:
        say(f"no solution: {study.reason}")
        raise typer.Exit(NO_SOLUTION)


app.command(epilog=EXIT_CODES, short_help="What would have to be stronger for one bus.")(ladder)
app.command(epilog=EXIT_CODES, short_help="Which elements hold most buses, and what each would unlock.")(upgrades)


@app.command(epilog=EXIT_CODES, short_help="Write a bus's limit as a case file.")
def witness(
    case: Case,
    bus: Annotated[int, typer.Argument(metavar="BUS", help="Bus number of the case.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT.m", help="The case file to write.", show_default=False)],
    power_factor: PowerFactor = 0.95,
    max_mw: MaxMw = 2000.0,
    contingencies: Contingencies = "n-1",
    balance: BalanceOption = "spare",
    balance_area: BalanceArea = None,
    rating_intact: RatingIntact = "A",
    rating_post: RatingPost = "B",
    attribution: Attribution = 0.03,
    attribution_voltage: AttributionVoltage = 0.005,
    voltage_band: BandOption = None,
    voltage_band_post: BandPostOption = None,
    voltage_change_max: VoltageChange = None,
    monitor_min_kv: MonitorMinKv = 0.0,
    q_limits: QLimits = True,
    certify: Certify = "screened",
    redispatch: Redispatch = False,
    movable_units: MovableUnits = None,
    max_moved_mw: MaxMovedMw = None,
    tolerance: Tolerance = 1e-8,
    threads: Threads = None,
    progress: ProgressOption = True,
) -> None:
    """Write the network at a bus's headroom as a case file, to be checked in any power-flow tool.

    With --redispatch, at its redispatch headroom: with the dispatch found, in the state of the pair whose
    limit is worth most.

    The new load is connected, the outage of the binding state applied, and the production that balances
    it given: a plain power flow of the file, without reactive limits, shows the limiting element at its
    limit, or past it where the attribution is what is reached; the file's head says which. The comments
    the case begins with are kept. The options mean what they mean for the command headroom.
    """
    asked = {name: value for name, value in locals().items() if name in STUDY_OPTIONS}
    check_output(out, (".m",), keep=[case, balance], option="OUT.m")
    net = read(case)
    study = study_of(
        net,
        [bus],
        asked,
    )
    if not study.complete:
        say("interrupted: nothing was written")
        raise typer.Exit(INTERRUPTED)
    if not study.intact_solved:
        say(f"no solution: {study.reason}")
        raise typer.Exit(NO_SOLUTION)
    found = study.witness(bus, redispatch=redispatch)
    write(out, found.save, quiet=False)
    typer.echo("\n".join(f"  {line}" for line in found.header))


@app.command(epilog=EXIT_CODES, short_help="Check a case and write it again.")
def convert(
    case: Case,
    out: Annotated[Path, typer.Argument(metavar="OUT.m", help="The case file to write.", show_default=False)],
) -> None:
    """Read a case, check it, and write it again: every table and every number is kept to the last bit.

    The comments it begins with are kept, others are not.
    """
    check_output(out, (".m",), keep=[case], option="OUT.m")
    net = read(case)
    write(out, lambda file: net.to_matpower(file), quiet=False)


def _drop_output() -> None:
    """Lets what is still buffered go nowhere, or the interpreter would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Runs the command; errors are one line on standard error, never a traceback."""
    try:
        status = app(prog_name="nodalroom", standalone_mode=False)
        sys.stdout.flush()
    except NodalroomError as error:
        say(f"error: {error}")
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
            raise
        show()
        sys.exit(getattr(error, "exit_code", BAD_INPUT))
    sys.exit(status if isinstance(status, int) else 0)
