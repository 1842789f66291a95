#!/bin/sh
# All headroom cases by the referee, one after the other.    CASES=folder/with/case.m sh headroom.sh [FOLDER...]
# A folder gets headroom.csv and run.json (options in force, states, power flows, minutes).
set -e
here=$(cd "$(dirname "$0")/.." && pwd)
all="case9 case9_pmax case9_reference_no_q case14 case24_ieee_rts case24_ieee_rts_rate_a case30 case30_ratings case30_ratings_reference case39 case39_ratings case_ACTIVSg200"
types=thermal,voltage,collapse,generation
for name in ${*:-$all}; do
    case $name in
        case9) set -- case9 --scan 8 ;;
        case9_pmax) set -- case9 --scan 8 --balance pmax ;;
        case9_reference_no_q) set -- case9 --scan 8 --balance reference --no-q-limits ;;
        case14) set -- case14 --scan 8 --ratings "$here/headroom_case14/ratings.csv" ;;
        case24_ieee_rts) set -- case24_ieee_rts --scan 4 ;;
        case24_ieee_rts_rate_a) set -- case24_ieee_rts --scan 4 --rating-post A ;;
        case30) set -- case30 --scan 4 ;;
        case30_ratings) set -- case30 --scan 4 --ratings "$here/headroom_case30_ratings/ratings.csv" ;;
        case30_ratings_reference) set -- case30 --scan 4 --balance reference --ratings "$here/headroom_case30_ratings_reference/ratings.csv" ;;
        case39_ratings) set -- case39 --scan 4 --ratings "$here/headroom_case39_ratings/ratings.csv" ;;
        case39) set -- case39 --scan 4 ;;
        case_ACTIVSg200) set -- case_ACTIVSg200 --scan 2 --rating-post A --buses "@$here/headroom_case_ACTIVSg200/buses.csv" ;;
    esac
    out=$here/headroom_$name
    mkdir -p "$out"
    file=$1; shift
    "${PYTHON:-python3}" "$here/referee.py" "$CASES/$file.m" "$out/headroom.csv" --per-type $types "$@" > "$out/run.json"
done
