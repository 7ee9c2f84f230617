# Sourced after Maven: one line about the tests that ran.
awk '/^Tests run:/ { gsub(",", ""); run += $3; failed += $5; errors += $7; skipped += $9 }
    END { printf "%d tests ran: %d failed, %d in error, %d skipped\n", run, failed, errors, skipped }' \
    target/surefire-reports/*.txt
