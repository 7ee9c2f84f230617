# Sourced by the scripts that use the npm tools in src/test/js: installs them when the lock file is newer.
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

command -v npm >/dev/null || package_install nodejs npm || {
    echo "The linters and browser tests need Node.js 20.19 or later: install it so that 'npm' is on the PATH." >&2
    exit 1
}
if [ ! -e src/test/js/node_modules/.installed ] || [ src/test/js/package-lock.json -nt src/test/js/node_modules/.installed ]; then
    (cd src/test/js && npm ci --silent)
    touch src/test/js/node_modules/.installed
fi
