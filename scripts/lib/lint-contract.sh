#!/usr/bin/env bash
# The contract against two linters nobody here wrote, at their standard rules. Not even a warning is allowed.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=src/test/js/node_modules/.bin
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

"$tools/redocly" lint openapi.yaml --config=src/test/js/redocly.yaml --format=json 2>/dev/null | node -e '
    const {totals, problems} = JSON.parse(require("fs").readFileSync(0, "utf8"));
    for (const p of problems) console.error(`redocly: ${p.location[0]?.pointer ?? ""} ${p.ruleId}: ${p.message}`);
    process.exit(totals.errors + totals.warnings + totals.ignored === 0 ? 0 : 1);'
"$tools/spectral" lint openapi.yaml --ruleset=src/test/js/spectral.yaml --fail-severity=hint --quiet
