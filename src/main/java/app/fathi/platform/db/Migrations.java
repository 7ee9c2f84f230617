package app.fathi.platform.db;

import app.fathi.platform.config.StartException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.core.api.exception.FlywayValidateException;

/**
 * Brings a database to the schema of this version: forward only, each step once, one node at a time. First it makes sure
 * that there is a database and that it is one we can work with.
 */
public final class Migrations {
    private static final int OLDEST_SERVER = 160_000;
    /** Strings compare by code point everywhere: these do, and nothing else does. */
    private static final Set<String> CODE_POINT_LOCALES = Set.of("C", "POSIX", "C.UTF-8", "C.UTF8", "C.utf8");

    private Migrations() {}

    /** Blocks until the schema is current; how many steps were taken. */
    public static int run(DatabaseAddress address) {
        check(address);
        return migrate(address, flyway(address).load());
    }

    /**
     * Brings an empty database to the schema of an older version, or of this one.
     *
     * @param versions those that it has afterwards, ascending; fails when this version of Fathi does not know just these
     */
    public static void run(DatabaseAddress address, List<String> versions) {
        check(address);
        var flyway = flyway(address)
                .target(versions.isEmpty() ? MigrationVersion.EMPTY : MigrationVersion.fromVersion(versions.getLast()))
                .load();
        var known = Arrays.stream(flyway.info().all())
                .map(Migrations::version)
                .limit(versions.size())
                .toList();
        if (!known.equals(versions)) {
            throw new StartException("the schema has the steps " + String.join(", ", versions)
                    + ", of which this version of Fathi knows " + String.join(", ", known)
                    + ": use the version that it was made with, or a newer one");
        }
        migrate(address, flyway);
    }

    /**
     * Where a database stands.
     *
     * @param applied the steps that were taken, in their order
     * @param missing those that this version would take at its start
     * @param unknown those that this version does not know: it is older than the database
     */
    public record Standing(List<String> applied, List<String> missing, List<String> unknown) {}

    /** Looks, and changes nothing. */
    public static Standing standing(DatabaseAddress address) {
        var applied = new ArrayList<String>();
        var missing = new ArrayList<String>();
        var unknown = new ArrayList<String>();
        for (var step : flyway(address).load().info().all()) {
            if (step.getState().isApplied()) {
                applied.add(version(step));
            }
            if (!step.getState().isResolved()) {
                unknown.add(version(step));
            } else if (!step.getState().isApplied()) {
                missing.add(version(step));
            }
        }
        return new Standing(applied, missing, unknown);
    }

    private static String version(MigrationInfo step) {
        return step.getVersion().getVersion();
    }

    private static FluentConfiguration flyway(DatabaseAddress address) {
        return Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(address.jdbcUrl(), address.user(), address.password())
                .locations("classpath:db/migration")
                .validateMigrationNaming(true)
                // The lock must not hold a transaction open: CREATE INDEX CONCURRENTLY would wait for it for ever.
                .configuration(Map.of("flyway.postgresql.transactional.lock", "false"));
    }

    private static int migrate(DatabaseAddress address, Flyway flyway) {
        try {
            return flyway.migrate().migrationsExecuted;
        } catch (FlywayValidateException e) {
            throw new StartException(
                    "the database " + address + " does not fit this version of Fathi: " + firstLine(e), e);
        } catch (FlywayException e) {
            throw new StartException(
                    "the database " + address + " cannot be brought to this version's schema: " + firstLine(e), e);
        }
    }

    private static void check(DatabaseAddress address) {
        try (var connection = EmbeddedPostgres.dataSource(address).getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(
                        """
                        SELECT current_setting('server_version_num')::int AS version,
                               current_setting('server_version') AS version_text,
                               pg_encoding_to_char(encoding) AS encoding,
                               coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', datcollate) AS locale,
                               datlocprovider AS provider
                        FROM pg_database d
                        WHERE datname = current_database()
                        """)) {
            row.next();
            if (row.getInt("version") < OLDEST_SERVER) {
                throw new StartException("the database " + address + " is PostgreSQL " + row.getString("version_text")
                        + ": 16 or newer is needed");
            }
            var codePoints =
                    !row.getString("provider").equals("i") && CODE_POINT_LOCALES.contains(row.getString("locale"));
            if (!row.getString("encoding").equals("UTF8") || !codePoints) {
                throw new StartException("the database " + address + " has encoding " + row.getString("encoding")
                        + " and locale " + row.getString("locale") + ": create it with CREATE DATABASE "
                        + address.database()
                        + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
            }
        } catch (SQLException e) {
            throw new StartException(
                    "the database " + address + " cannot be reached: " + firstLine(e)
                            + " (FATHI_DB_URL, FATHI_DB_USER, FATHI_DB_PASSWORD)",
                    e);
        }
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage())
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .findFirst()
                .orElse("unknown");
    }
}
