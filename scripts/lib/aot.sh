# Sourced by scripts/start and scripts/package: keeps loaded and linked classes and the profiles of their methods (JEP 483, 514, 515), by
# starting the server on data of its own. A start with it takes half as long.
aot_cache() ( # aot_cache <java> <file> <option>…: makes the file for these options; a failure costs speed only
    java=$1 file=$2
    shift 2
    work=$(mktemp -d)
    pid=
    # shellcheck disable=SC2064
    trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
    rm -f "$file"
    once() { # once <option>…: starts the server and ends it when it is ready
        : >"$work/out"
        # Neither settings nor data of the installation are touched: not its database, not its ports, not its cluster.
        env $(compgen -e | sed -n 's/^FATHI_.*/-u &/p') \
            FATHI_HTTP_HOST=127.0.0.1 FATHI_HTTP_PORT=0 FATHI_HTTP_MANAGEMENT_PORT=0 FATHI_DB_URL= FATHI_CLUSTER_ENABLED=false \
            FATHI_DATA_DIR="$work/data" FATHI_LOG_DIR="$work/logs" FATHI_ROLES=api,worker FATHI_MASTER_KEY= FATHI_ADMIN_PASSWORD= \
            FATHI_PUBLIC_URL= FATHI_OUTBOUND_TRUSTED_CERTIFICATE= \
            "$java" "$@" app.fathi.Main >"$work/out" 2>&1 &
        pid=$!
        for _ in {1..600}; do
            ! grep -q 'Fathi is ready' "$work/out" || break
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
        pid=
    }
    # The first start unpacks the database; what that alone needs is not kept.
    once "$@"
    once "$@" -XX:AOTCacheOutput="$work/fathi.aot"
    if [ -e "$work/fathi.aot" ]; then
        mv "$work/fathi.aot" "$file"
    else
        echo "Starts will take longer, because the cache of loaded classes could not be made:" >&2
        tail -n 3 "$work/out" >&2
    fi
)
