# Sourced after Maven: one line about the tests that ran, and the name of each that failed first and then did not.
awk '/^Tests run:/ { gsub(",", ""); run += $3; failed += $5; errors += $7; skipped += $9 }
    END { printf "%d tests ran: %d failed, %d in error, %d skipped\n", run, failed, errors, skipped }' \
    target/surefire-reports/*.txt
awk '/<testcase / { split($0, cut, "\""); name = cut[2]; class = cut[4] }
    /<flaky(Failure|Error) / { print "FLAKY, which is a fault to look for: " class "." name }' \
    target/surefire-reports/*.xml
