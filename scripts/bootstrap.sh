# Sourced by the other scripts: finds an interpreter, installs system packages after a question, makes .venv.
# It cannot be run by itself.

say() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Names the packages first, because installing them needs root; nothing is installed without a yes.
need_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "these system packages are needed:$missing"
    if [ "$assume_yes" != 1 ]; then
        [ -t 0 ] || fail "no terminal to ask on; run again with --yes to install them"
        printf 'Install them now with apt-get (needs root)? [y/N] '
        read -r answer
        case $answer in y|Y|yes) ;; *) fail "nothing was installed" ;; esac
    fi
    root=""
    [ "$(id -u)" = 0 ] || root="sudo"
    $root apt-get update -qq || fail "apt-get update failed"
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null \
        || fail "apt-get could not install:$missing"
}

# Runs each candidate, so that shims and broken installations are skipped.
find_python() {
    for candidate in python3.13 python3.12 python3.11 python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" || fail "pip install failed"
}

ready_python() { # finds an interpreter, and what it needs to make .venv
    python=$(find_python) || fail "a CPython 3.11, 3.12 or 3.13 is needed (Debian 12: apt-get install python3)"
    usable_venv || "$python" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
}

usable_venv() { [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null; }

fill_venv() { # $1: the lock that names the packages; then more options of pip
    lock=$1
    shift
    if ! usable_venv; then
        say "making .venv with $("$python" -V)"
        rm -rf .venv
        "$python" -m venv .venv || fail "$python -m venv .venv failed"
    fi
    stamp=$(cat pyproject.toml fatecloud/__init__.py "$lock" | sha256sum | cut -c1-16)-$lock
    if [ "$(cat .venv/.installed 2>/dev/null)" != "$stamp" ]; then
        say "installing fatecloud and its Python dependencies into .venv"
        # Wheels only: to build one, pip would fetch build tools that no lock names.
        pip_install "$@" --only-binary :all: --require-hashes --requirement "$lock"
        pip_install --no-deps --no-build-isolation --editable .
        printf '%s' "$stamp" > .venv/.installed
    fi
}

make_venv() { # $1: the lock that names the packages
    ready_python
    fill_venv "$1"
}
