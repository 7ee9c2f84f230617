package app.fathi.tool;

import app.fathi.platform.jobs.Cron;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.ZoneId;

/** Schedules after a restore. */
final class Schedules {
    private Schedules() {}

    /** The slots between backup and restore were the other instance's: each schedule goes on with its next one. */
    static void skipMissed(Connection tx) throws SQLException {
        var now = OperatorStore.now(tx);
        for (var one : OperatorStore.schedules(tx)) {
            if (!one.next().isAfter(now)) {
                OperatorStore.setNext(tx, one, Cron.parse(one.cron()).next(ZoneId.of(one.zone()), now));
            }
        }
    }
}
