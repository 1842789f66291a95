#!/bin/sh
# Redispatch headroom by redispatch_referee.py, one case after the other.    sh redispatch.sh [FOLDER...]
# Needs numpy and casadi. A folder gets expected.csv, dispatch.csv and run.json.
set -e
here=$(cd "$(dirname "$0")/.." && pwd)
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # matrices too small for more
for name in ${*:-case24_ieee_rts case30_ratings case14}; do
    out=$here/redispatch_$name
    case $name in
        # Many local optima: setpoints above Vmax, and units that reach their reactive limits in every state.
        case14) set -- case14 --ratings "$out/ratings.csv" --random-starts 6 ;;
        case24_ieee_rts) set -- case24_ieee_rts ;;
        case30_ratings) set -- case30 --ratings "$out/ratings.csv" ;;
    esac
    mkdir -p "$out"
    "${PYTHON:-python3}" "$here/generate/redispatch_referee.py" "$@" --out "$out"
done
