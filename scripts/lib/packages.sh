# Sourced by the scripts: installs Debian packages where that is possible, quietly and at most one update per run.

package_install() { # package_install <name>...: fails when we are not root, have no apt, or apt has no such package
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    if ! apt-cache show "$@" >/dev/null 2>&1 && [ -z "${packages_updated:-}" ]; then
        packages_updated=yes
        apt-get update -qq >&2 || return 1
    fi
    apt-cache show "$@" >/dev/null 2>&1 || return 1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}
