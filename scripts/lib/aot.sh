# Sourced by scripts/start: makes target/fathi.aot, the classes loaded and linked and the profiles of their methods, by starting
# the server once on data of its own (JEP 483, 514, 515). A start with it takes half as long.
aot_cache() { # aot_cache <java> <option>…: nothing is made by a JDK before 25; a failure costs speed only
    local java=$1 work pid
    shift
    [ "$(jdk_version "$JAVA_HOME")" -ge 25 ] || return 0
    work=$(mktemp -d)
    rm -f target/fathi.aot
    : >"$work/out"
    # Neither settings nor data of the installation are touched: not its database, not its ports, not its cluster.
    env $(compgen -e | sed -n 's/^FATHI_.*/-u &/p') \
        FATHI_HTTP_HOST=127.0.0.1 FATHI_HTTP_PORT=0 FATHI_HTTP_MANAGEMENT_PORT=0 FATHI_DB_URL= FATHI_CLUSTER_ENABLED=false \
        FATHI_DATA_DIR="$work/data" FATHI_LOG_DIR="$work/logs" FATHI_ROLES=api,worker FATHI_MASTER_KEY= FATHI_ADMIN_PASSWORD= \
        FATHI_PUBLIC_URL= FATHI_OUTBOUND_TRUSTED_CERTIFICATE= \
        "$java" "$@" -XX:AOTCacheOutput="$work/fathi.aot" app.fathi.Main >"$work/out" 2>&1 &
    pid=$!
    # shellcheck disable=SC2064
    trap "kill $pid 2>/dev/null; rm -rf '$work'" EXIT
    for _ in {1..600}; do
        ! grep -q 'Fathi is ready' "$work/out" || break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
    trap - EXIT
    if [ -e "$work/fathi.aot" ]; then
        mv "$work/fathi.aot" target/fathi.aot
    else
        echo "Starts will take longer: the cache of loaded classes could not be made ($work/out tells why)." >&2
        return 0
    fi
    rm -rf "$work"
}
