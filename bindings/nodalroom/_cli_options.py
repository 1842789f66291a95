"""Arguments and options of the command ``nodalroom``."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ._output import reason
from .errors import OptionError


#: Groups of options in the help, in the order in which they stand there.
BUSES, LOAD, LIMITS = "Buses, and how far to look", "New load, and who supplies it", "Outages and limits"
REDISPATCH, RUN, OUTPUT, EDITS = "Redispatch", "Accuracy and time", "Output", "Edits of the case"
PANELS = (BUSES, LOAD, LIMITS, REDISPATCH, RUN, OUTPUT, EDITS)


class GroupedCommand(TyperCommand):
    """A command whose help has its options in groups, and what is in none first."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], **{name: [] for name in PANELS}}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                own = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups[getattr(parameter, "rich_help_panel", None) or own].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


def one_of(*words: str) -> Callable[[str], list[str]]:
    """What shells offer for an option."""

    def offered(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return offered


Buses = Annotated[
    str | None, typer.Option(metavar="1,2,3", help="Bus numbers to study; all by default.", rich_help_panel=BUSES)
]
MinKv = Annotated[
    float,
    typer.Option(metavar="KV", help="Study the buses at or above, where --buses is not given.", rich_help_panel=BUSES),
]
SkipDone = Annotated[
    list[Path] | None,
    typer.Option(
        "--skip-done",
        metavar="FILE",
        help="Leave out the buses that are in this file of --out (.csv, .parquet, .json, .nodalroom), such as an "
        "interrupted study left; may be repeated.",
        show_default=False,
        rich_help_panel=BUSES,
    ),
]
Case = Annotated[Path, typer.Argument(metavar="CASE", help="Case file: MATPOWER .m, version 2.", show_default=False)]
Branches = Annotated[
    bool, typer.Option("--branches", help="List the branches, with their rows, too.", rich_help_panel=OUTPUT)
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, for machines.", rich_help_panel=OUTPUT)
]
Top = Annotated[int, typer.Option("--top", min=0, metavar="N", help="How many rows to show.", rich_help_panel=OUTPUT)]
QLimits = Annotated[
    bool, typer.Option("--q-limits/--no-q-limits", help="Enforce reactive limits of units.", rich_help_panel=LIMITS)
]
BalanceArea = Annotated[
    int | None,
    typer.Option(
        metavar="AREA", help="Only units at buses of this area take part in the balance.", rich_help_panel=LOAD
    ),
]
BalanceOption = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="Who supplies what is asked for: spare (in proportion to Pmax - P), pmax, reference (units at the "
        "reference bus), or a .csv file with the columns row,weight (1-based generator rows). The default of solve is "
        "reference, as in other power-flow tools; where outages and new loads ask for more, it is spare.",
        autocompletion=one_of("spare", "pmax", "reference"),
        rich_help_panel=LOAD,
    ),
]
Contingencies = Annotated[
    str,
    typer.Option(
        metavar="SET",
        help="Outages: n-1, branches, units or none.",
        autocompletion=one_of("n-1", "branches", "units", "none"),
        rich_help_panel=LIMITS,
    ),
]
RatingIntact = Annotated[
    str,
    typer.Option(
        metavar="A|B|C",
        help="Rating set in the intact state.",
        autocompletion=one_of("A", "B", "C"),
        rich_help_panel=LIMITS,
    ),
]
RatingPost = Annotated[
    str,
    typer.Option(
        metavar="A|B|C",
        help="Rating set after an outage; A where it has 0.",
        autocompletion=one_of("A", "B", "C"),
        rich_help_panel=LIMITS,
    ),
]
BandOption = Annotated[
    str | None,
    typer.Option(
        metavar="LOW,HIGH", help="Voltage band, pu, instead of the case's Vmin to Vmax.", rich_help_panel=LIMITS
    ),
]
BandPostOption = Annotated[
    str | None, typer.Option(metavar="LOW,HIGH", help="The same after an outage.", rich_help_panel=LIMITS)
]
VoltageChange = Annotated[
    float | None,
    typer.Option(
        metavar="PU", help="Largest voltage change after an outage, pu; off by default.", rich_help_panel=LIMITS
    ),
]
MonitorMinKv = Annotated[
    float,
    typer.Option(
        metavar="KV", help="Watch buses at or above, and branches with both ends at or above.", rich_help_panel=LIMITS
    ),
]
WorstViolations = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Limits broken that are listed of a state, the worst ones; all are counted.",
        rich_help_panel=LIMITS,
    ),
]
PowerFactor = Annotated[
    float, typer.Option(metavar="PF", help="Power factor of the new load, lagging.", rich_help_panel=LOAD)
]
MaxMw = Annotated[float, typer.Option(metavar="MW", help="Cap of the search.", rich_help_panel=BUSES)]
Attribution = Annotated[
    float,
    typer.Option(
        metavar="MVA", help="A thermal limit counts where the load adds more than this per MW.", rich_help_panel=LIMITS
    ),
]
AttributionVoltage = Annotated[
    float,
    typer.Option(
        metavar="PU", help="A voltage limit counts where the load moves the voltage by more.", rich_help_panel=LIMITS
    ),
]
Certify = Annotated[
    str,
    typer.Option(
        metavar="all|screened",
        help="Which states to AC-solve just below each answer.",
        autocompletion=one_of("all", "screened"),
        rich_help_panel=RUN,
    ),
]
Redispatch = Annotated[
    bool,
    typer.Option(
        "--redispatch", help="Look, too, for the dispatch that makes most room at each bus.", rich_help_panel=REDISPATCH
    ),
]
ByRedispatch = Annotated[
    bool,
    typer.Option(
        "--redispatch",
        help="By redispatch headroom: some dispatch in place of the balance rule.",
        rich_help_panel=REDISPATCH,
    ),
]
MovableUnits = Annotated[
    str | None,
    typer.Option(
        metavar="1,2,3",
        help="Generator rows (1-based) that may be redispatched; all in service by default.",
        rich_help_panel=REDISPATCH,
    ),
]
MaxMovedMw = Annotated[
    float | None,
    typer.Option(
        metavar="MW",
        help="The most that units may take over from others beside the balance rule.",
        rich_help_panel=REDISPATCH,
    ),
]
CoordinatesOption = Annotated[
    Path | None,
    typer.Option(
        "--coordinates",
        metavar="FILE",
        help="Where the buses are, for the map of the report: a .csv file with the columns bus,lat,lon.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", help="Threads; all processors by default.", rich_help_panel=RUN)
]
Tolerance = Annotated[
    float, typer.Option(metavar="PU", help="Largest power mismatch, per unit: 1e-12 to 1e-6.", rich_help_panel=RUN)
]
ProgressOption = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Progress bar, in a terminal.", rich_help_panel=RUN)
]


Bus = Annotated[int, typer.Argument(metavar="BUS", help="Bus number of the case.", show_default=False)]
OutCase = Annotated[Path, typer.Argument(metavar="OUT.m", help="The case file to write.", show_default=False)]


def out_option(what: str, endings: str = ".csv, .parquet, .json") -> Any:
    return typer.Option(
        metavar="FILE",
        help=f"Write {what}; the ending says how: {endings}. May be repeated.",
        show_default=False,
        rich_help_panel=OUTPUT,
    )


def band_from(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"{option} {text}; must be LOW,HIGH in per unit, as in 0.95,1.05") from None
    return low, high


def numbers_from(option: str, what: str, text: str | None) -> list[int] | None:
    """Whole numbers separated by commas; None where none are given."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise OptionError(f"{option} {text}; must be {what} separated by commas") from None


def balance_from(text: str, units: int) -> Any:
    """A rule, or the weights of a .csv file for the 1-based rows of so many units."""
    if text in ("spare", "pmax", "reference"):
        return text
    if not text.lower().endswith(".csv"):
        raise OptionError(
            f"--balance {text}; must be spare, pmax, reference, or a .csv file with the columns row,weight"
        )
    weights: dict[int, float] = {}
    try:
        with open(text, encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            for entry in table:
                where = f"--balance {text}:{table.line_num}"
                try:
                    row, weight = int(entry["row"]), float(entry["weight"])
                except (KeyError, TypeError, ValueError):
                    raise OptionError(f"{where}: needs the columns row,weight with numbers") from None
                if not 1 <= row <= units:
                    raise OptionError(f"{where}: there is no generator row {row}; the case has {units}")
                if row in weights:
                    raise OptionError(f"{where}: generator row {row} has a weight already")
                if not (math.isfinite(weight) and weight >= 0):
                    raise OptionError(f"{where}: weight {entry['weight']}; must be finite and >= 0")
                weights[row] = weight
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"--balance {text}: cannot be read: {reason(error)}") from None
    if not weights:
        raise OptionError(f"--balance {text}: holds no weights; needs the columns row,weight")
    return weights
