# Sourced by scripts/test: puts Prometheus' promtool, which checks conf/alerts.yaml, into target/promtool when it is not on the PATH.
# Unpacked, not installed: no Prometheus shall run because of our tests.
if ! command -v promtool >/dev/null && [ ! -x target/promtool/usr/bin/promtool ]; then
    mkdir -p target/promtool
    package=$(mktemp -d)
    chmod 755 "$package"
    (cd "$package" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; }) >&2 2>/dev/null &&
        dpkg-deb -x "$package"/prometheus_*.deb target/promtool || {
        echo "The alerts are checked with promtool of Prometheus: install it so that 'promtool' is on the PATH." >&2
        exit 1
    }
    rm -rf "$package"
fi
