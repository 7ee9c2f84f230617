package app.fathi.crash;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.DatabaseAddress;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What a process that has stopped for good, or just now, had on its way. */
public final class Ambiguous {
    private Ambiguous() {}

    /**
     * Ids of the deliveries that are {@code attempting} under a lease of this process: exactly what nobody can know the
     * fate of. To be asked before its leases run out. Its chunks' jobs are locked for the look: a commit that it sent
     * with its last breath comes first.
     */
    public static Set<String> leftBy(long pid, DatabaseAddress database) {
        try (var connection = DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password())) {
            connection.setAutoCommit(false);
            var byLease = new HashMap<Long, Set<String>>();
            try (var leases = connection.prepareStatement(
                    """
                    SELECT j.lease_token FROM jobs j JOIN node n ON n.id = j.node
                    WHERE n.pid = ? AND j.type = 'cep.send' AND j.lease_token IS NOT NULL
                    FOR UPDATE OF j
                    """)) {
                leases.setLong(1, pid);
                var rows = leases.executeQuery();
                while (rows.next()) {
                    byLease.put(rows.getLong(1), new TreeSet<>());
                }
            }
            assertThat(byLease).as("leases of process %d", pid).isNotEmpty();
            try (var rows =
                    connection.createStatement().executeQuery("SELECT token, id FROM cep_message WHERE state = 1")) {
                while (rows.next()) {
                    var ids = byLease.get(rows.getLong(1));
                    if (ids != null) {
                        ids.add(rows.getString(2));
                    }
                }
            }
            connection.rollback();
            return all(byLease);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Set<String> all(Map<Long, Set<String>> byLease) {
        var all = new TreeSet<String>();
        byLease.values().forEach(ids -> {
            assertThat(ids).as("on its way of one chunk").hasSizeLessThanOrEqualTo(CrashWorld.WINDOW);
            all.addAll(ids);
        });
        return all;
    }
}
