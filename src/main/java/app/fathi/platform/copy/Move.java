package app.fathi.platform.copy;

import app.fathi.platform.copy.Layout.Table;
import app.fathi.platform.db.DatabaseAddress;
import java.sql.SQLException;
import java.util.List;

/**
 * Copies a database table by table into an unused one, and compares both. All of it is one transaction of the target: what is
 * interrupted, or found different, has not happened, and can be run again. The source is only read.
 */
public final class Move {
    private Move() {}

    /** @param tables with their rows, as they are now in both */
    public record Moved(List<Count> tables) {
        public long rows() {
            return tables.stream().mapToLong(Count::rows).sum();
        }
    }

    public record Count(String table, long rows) {}

    /** @param versions of the migrations that the source has */
    public static Moved run(DatabaseAddress from, DatabaseAddress to, List<String> versions) {
        try (var source = Snapshot.of(from);
                var target = Refill.begin(to, versions, source.layout())) {
            for (var table : source.layout().tables()) {
                copy(source, target, table);
            }
            target.complete(source.sequences());
            var counts = source.layout().tables().stream()
                    .map(table -> compare(source, target, table))
                    .toList();
            target.commit();
            return new Moved(counts);
        } catch (SQLException e) {
            throw new CopyException(
                    "the move to " + to + " has ended half way, and nothing of it is there: " + e.getMessage(), e);
        }
    }

    private static void copy(Snapshot source, Refill target, Table table) throws SQLException {
        var out = source.copy(table);
        var in = target.fill(table);
        try {
            for (var octets = out.readFromCopy(); octets != null; octets = out.readFromCopy()) {
                in.writeToCopy(octets, 0, octets.length);
            }
            in.endCopy();
        } finally {
            if (out.isActive()) {
                out.cancelCopy();
            }
            if (in.isActive()) {
                in.cancelCopy();
            }
        }
    }

    private static Count compare(Snapshot source, Refill target, Table table) {
        try {
            var there = source.digest(table);
            var here = target.digest(table);
            if (!there.equals(here)) {
                throw new CopyException("the table " + table.name() + " is not the same after the copy (" + there.rows()
                        + " and " + here.rows() + " rows): nothing was moved");
            }
            return new Count(table.name(), here.rows());
        } catch (SQLException e) {
            throw new CopyException("the table " + table.name() + " cannot be compared: " + e.getMessage(), e);
        }
    }
}
