#!/bin/sh
# All states without new load, by the referee: balance spare, reactive limits, rate A in both.
#   CASES=folder/with/case.m sh states.sh [CASE...]
set -e
here=$(cd "$(dirname "$0")/.." && pwd)
for name in ${*:-case9 case14 case24_ieee_rts case30 case39 case57 case118 case300 case_RTS_GMLC case_ACTIVSg200 case_ACTIVSg500}; do
    mkdir -p "$here/states_$name"
    "${PYTHON:-python3}" "$here/referee.py" "$CASES/$name.m" "$here/states_$name/states.csv" --states-only --rating-post A \
        > "$here/states_$name/run.json"
done
