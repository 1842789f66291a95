# Shared by the scripts beside this file; not to be run.

say() { printf '\n==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Debian's name for a package; true where it is fully installed, for this machine where no architecture is named.
is_installed() {
    local wanted
    wanted="all|$(dpkg --print-architecture)"
    case "$1" in *:*) wanted=${1##*:} ;; esac
    dpkg-query --show --showformat='${Architecture} ${db:Status-Status}\n' "$1" 2> /dev/null |
        grep -qxE "($wanted) installed"
}

# How a command is run as root: empty for root itself. The argument says what for.
become_root() {
    as_root=()
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo > /dev/null || die "neither root nor sudo here; $1"
    as_root=(sudo)
}

# Lets packages of another architecture be installed beside this machine's.
add_architecture() {
    local as_root
    command -v dpkg > /dev/null || return 0
    dpkg --print-foreign-architectures | grep -qx "$1" && return 0
    [ "$(dpkg --print-architecture)" != "$1" ] || return 0
    become_root "dpkg --add-architecture $1 is needed"
    "${as_root[@]}" dpkg --add-architecture "$1"
}

# Installs those of the named packages that are missing, as root or through sudo. The package lists
# are refreshed only when those at hand do not do.
install_missing() {
    local package missing=() as_root
    if ! command -v apt-get > /dev/null; then
        say "No apt-get here: install what is missing yourself. Debian calls it: $*"
        return 0
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    become_root "install with apt-get: ${missing[*]}"
    say "Installing system packages: ${missing[*]}"
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes
        --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    "${install[@]}" "${missing[@]}" > /dev/null 2>&1 && return 0
    "${as_root[@]}" apt-get update -qq && "${install[@]}" "${missing[@]}" > /dev/null
}

# Prints the first Python that is 3.10 or newer and can make a venv and build an extension.
pick_python() {
    local python
    for python in "${PYTHON:-python3}" /usr/bin/python3; do
        command -v "$python" > /dev/null || continue
        if "$python" - << 'PROBE' 2> /dev/null; then
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(0 if sys.version_info >= (3, 10) and os.path.exists(header) else 1)
PROBE
            command -v "$python"
            return 0
        fi
    done
    return 1
}

# Runs a command, and says every half minute that it is still at it.
with_heartbeat() {
    local beat status=0 since=$SECONDS
    (while sleep 30 > /dev/null 2>&1 && kill -0 $$ 2> /dev/null; do printf '    ... %s s\n' $((SECONDS - since)); done) &
    beat=$!
    "$@" || status=$?
    kill "$beat" 2> /dev/null || true
    wait "$beat" 2> /dev/null || true
    return "$status"
}

# A hash of every file that the package is built from; fails where this is no clone.
sources_hash() {
    local files
    files=$(git ls-files --cached --others --exclude-standard -- CMakeLists.txt VERSION pyproject.toml README.md LICENSE \
        cmake include src bindings 2> /dev/null) && [ -n "$files" ] || return 1
    printf '%s\n' "$files" | while IFS= read -r file; do printf '%s ' "$file" && sha256sum < "$file" 2> /dev/null; done |
        sha256sum | cut -d' ' -f1
}

# Installs the package with an extra such as [docs] into .venv. It is built only where that is not what was built last.
install_package() {
    local stamp=.venv/nodalroom-sources extra=$1 now
    now=$(sources_hash) || now=
    if [ -n "$now" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$now" ] && .venv/bin/python -c 'import nodalroom' 2> /dev/null &&
        [ -z "$(find .venv -path '*/site-packages/nodalroom/*' ! -name '*.pyc' -type f -newer "$stamp" -print -quit)" ]; then
        [ -z "$extra" ] || pip_install "nodalroom$extra==$(.venv/bin/python -c 'import nodalroom; print(nodalroom.__version__)')"
        return
    fi
    say "Building and installing the Python package into .venv (minutes, on a slow machine)"
    rm -f "$stamp"
    with_heartbeat pip_install ".$extra" || return
    [ -z "$now" ] || printf '%s\n' "$now" > "$stamp"
}

pip_install() {
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off PIP_REQUIRE_VIRTUALENV=1 \
        .venv/bin/python -m pip install --quiet "$@"
}
