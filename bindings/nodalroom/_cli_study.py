"""The commands that make headroom studies, and those that take saved ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ._cli_common import (
    INTERRUPTED,
    check_outputs,
    end_of,
    network_of,
    print_json,
    result_in,
    say,
    study_in,
    study_of,
    write,
    write_outcome,
)
from ._cli_groups import Edits, assumptions, edits, taking
from ._cli_options import Bus, Buses, Case, CoordinatesOption, Json, MaxMw, MinKv, OutCase, Redispatch, Top, out_option
from ._cli_table import print_lines
from ._cli_text import show_comparison, show_summary
from ._output import STUDY_ENDINGS, check_output, records, write_table
from .contingency import Sweep
from .coordinates import read_coordinates
from .errors import OptionError
from .study import Study
from .upgrades import Ladder, UpgradeList

PAGES = (".html", ".htm")


@taking(study_options=assumptions, changes=edits)
def headroom(
    case: Case,
    buses: Buses = None,
    min_kv: MinKv = 0.0,
    max_mw: MaxMw = 2000.0,
    redispatch: Redispatch = False,
    out: Annotated[
        list[Path] | None,
        out_option("the study", ".csv, .parquet (the table), .json (everything), .html (report), .nodalroom (saved)"),
    ] = None,
    coordinates: CoordinatesOption = None,
    as_json: Json = False,
    top: Top = 10,
    *,
    study_options: dict[str, Any],
    changes: Edits,
) -> None:
    """How many MW of new load fit at each bus under N-1, and what limits it."""
    progress = study_options["progress"]
    keep = [case, study_options["balance"], *([] if coordinates is None else [coordinates])]
    check_outputs(out, STUDY_ENDINGS, keep=keep)
    if coordinates is not None and not any(path.suffix.lower() in PAGES for path in out or []):
        raise OptionError("--coordinates is for the report; name one with --out FILE.html")
    net = network_of(case, changes, progress)
    if coordinates is not None:
        read_coordinates(coordinates, net)  # a bad file is refused before the study, not after it
    study = study_of(net, buses, {**study_options, "min_kv": min_kv, "max_mw": max_mw, "redispatch": redispatch})
    write_outcome(study, out, as_json, progress, partial(study.report, coordinates=coordinates))
    if as_json:
        typer.echo(study.to_json())
    else:
        show_summary(study, top)
    end_of(study)


@taking(study_options=assumptions, changes=edits)
def witness(
    case: Case,
    bus: Bus,
    out: OutCase,
    max_mw: MaxMw = 2000.0,
    redispatch: Redispatch = False,
    as_json: Json = False,
    *,
    study_options: dict[str, Any],
    changes: Edits,
) -> None:
    """Write the network at a bus's headroom as a case file, to be checked in any power-flow tool.

    With --redispatch, at its redispatch headroom: with the dispatch found, in the state of the pair whose
    limit is worth most.

    The new load is connected, the outage of the binding state applied, and the production that balances
    it given: a plain power flow of the file, without reactive limits, shows the limiting element at its
    limit, or past it where the attribution is what is reached; the file's head says which. The comments
    the case begins with are kept. The options mean what they mean for the command headroom.
    """
    check_output(out, (".m",), keep=[case, study_options["balance"]], option="OUT.m")
    net = network_of(case, changes, study_options["progress"])
    study = study_of(net, bus, {**study_options, "max_mw": max_mw, "redispatch": redispatch})
    if not study.complete:
        say("interrupted: nothing was written")
        raise typer.Exit(INTERRUPTED)
    end_of(study)
    found = study.witness(bus, redispatch=redispatch)
    write(out, found.save, quiet=as_json)
    if as_json:
        print_json(
            {
                "case": net.name,
                "file": str(out),
                "bus": bus,
                "redispatch": redispatch,
                "load_mw": found.load_mw,
                "header": found.header,
                "options": study.options,
                "row": records(study.table)[0],
            }
        )
    else:
        print_lines(f"  {line}" for line in found.header)


def compare(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE.nodalroom", help="The first study, saved.", show_default=False)
    ],
    after: Annotated[
        Path, typer.Argument(metavar="AFTER.nodalroom", help="The second one, saved.", show_default=False)
    ],
    out: Annotated[list[Path] | None, out_option("one row per bus")] = None,
    as_json: Json = False,
    top: Top = 10,
) -> None:
    """What changed from one saved study to another, bus by bus, and why.

    Studies are saved by headroom --out FILE.nodalroom. Buses are matched by number.
    """
    check_outputs(out, keep=[before, after])
    found = study_in(before, "BEFORE").compare(study_in(after, "AFTER"))
    for path in out or []:
        write(path, lambda file: write_table(found.table, file), quiet=as_json)
    if as_json:
        print_json(
            {
                **{name: one._about() for name, one in (("first", found.first), ("second", found.second))},
                "same_case": found.same_case,
                "options": records(found.options_in_words()),
                "buses": records(found.table),
            }
        )
    else:
        show_comparison(found, top)


def report(
    study: Annotated[Path, typer.Argument(metavar="STUDY.nodalroom", help="A saved study.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to write.", show_default=False)],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Its title, in place of the case's name.")] = None,
    coordinates: CoordinatesOption = None,
    as_json: Json = False,
) -> None:
    """Write the report of a saved study.

    It is the page that headroom --out FILE.html writes. Studies are saved by headroom --out FILE.nodalroom. Of a
    saved ladder or list of upgrades it is the report of its study, with the ladder or list on it.
    """
    keep = [study, *([] if coordinates is None else [coordinates])]
    check_output(out, PAGES, keep=keep, option="OUT.html")
    found = result_in(study, "STUDY")
    if isinstance(found, Sweep):
        raise OptionError(f"STUDY {study}: is a saved sweep, which has no report; name a saved study")
    of = found if isinstance(found, Study) else found.study
    upgrades = found if isinstance(found, UpgradeList) else None
    ladders = [found] if isinstance(found, Ladder) else []
    write(out, lambda file: of.report(file, title, coordinates, upgrades, ladders), quiet=as_json)
    if as_json:
        print_json({**found._about(), "file": str(out)})
