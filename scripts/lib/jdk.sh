# Sourced by the scripts: finds the newest JDK of version 21 or later and puts it into JAVA_HOME and PATH.
# Looks in JAVA_HOME, on PATH and in the system's JVM folder; where there is none and apt offers one, root installs it.
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

jdk_version() { # jdk_version <home>: its major version, or nothing when it is no JDK
    [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

jdk_newest() {
    local best='' best_version=20 home version on_path
    on_path=$(command -v javac 2>/dev/null) && on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
    for home in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        [ -n "$home" ] && [ -d "$home" ] || continue
        version=$(jdk_version "$home")
        if [ -n "$version" ] && [ "$version" -gt "$best_version" ]; then
            best=$home best_version=$version
        fi
    done
    printf '%s' "$best"
}

found=$(jdk_newest)
if [ -z "$found" ]; then
    package_install openjdk-25-jdk-headless || package_install openjdk-21-jdk-headless || true
    found=$(jdk_newest)
fi
if [ -z "$found" ]; then
    echo "Fathi needs a JDK of version 21 or later: install one and set JAVA_HOME to it." >&2
    exit 1
fi
export JAVA_HOME=$found
export PATH="$JAVA_HOME/bin:$PATH"

# Maven 3.8's own libraries warn on newer JDKs; that is not about us.
if [ "$(jdk_version "$JAVA_HOME")" -ge 24 ]; then
    export MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED"
fi
command -v mvn >/dev/null || package_install maven || {
    echo "Fathi is built with Maven 3.8 or later: install it so that 'mvn' is on the PATH." >&2
    exit 1
}
