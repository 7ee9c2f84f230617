package app.fathi.tool;

import app.fathi.platform.config.ConfigException;
import app.fathi.platform.config.StartException;
import app.fathi.platform.copy.Move;
import app.fathi.platform.copy.Refill;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.DatabaseDoor;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.platform.security.MasterKey;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From the embedded database to the operator's own PostgreSQL. */
@Command(
        name = "move",
        description =
                "Copies the embedded database into your own PostgreSQL, which must be empty, and compares every table."
                        + " Stop the server first. User and password: FATHI_DB_USER, FATHI_DB_PASSWORD. The data folder stays as it is.")
final class MoveDatabase implements Callable<Integer> {
    private static final String URL = "postgres(ql)?://[^\\s/:@]+(:[0-9]{1,5})?/[^\\s/?]+";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "<url>",
            description = "postgresql://host:port/name, PostgreSQL 16 or newer")
    private String to;

    @Override
    public Integer call() {
        var config = Tool.config();
        if (!config.db().embedded()) {
            throw new StartException(
                    "the database is your own already (FATHI_DB_URL is set): use PostgreSQL's own programs,"
                            + " or unset it to move the embedded one");
        }
        if (!to.matches(URL)) {
            throw new ConfigException(
                    "--to is '" + to + "': postgresql://host:port/name without user and password is needed");
        }
        var target = DatabaseAddress.of(to, config.db().user(), config.db().password());
        if (EmbeddedPostgres.isRunning(config.dataPath())) {
            throw new StartException("a server runs on the data folder " + config.dataPath()
                    + ": stop it first, else what it writes meanwhile would be lost");
        }
        Refill.requireUnused(target);
        try (var door = DatabaseDoor.openStopped(config)) {
            // At the source's version: the next start brings the target to this one's.
            var moved = Move.run(
                    door.address(), target, Migrations.standing(door.address()).applied());
            var out = Tool.out(spec);
            moved.tables().stream()
                    .filter(table -> table.rows() > 0)
                    .forEach(table -> out.printf("%,15d  %s%n", table.rows(), table.table()));
            out.printf(
                    "%d tables with %d rows are in %s; counts and contents are equal.%n",
                    moved.tables().size(), moved.rows(), target);
            out.println("Start Fathi from now on with:");
            out.println("  FATHI_DB_URL=" + target.url());
            out.println("  FATHI_DB_USER=" + target.user());
            out.println("  FATHI_DB_PASSWORD=…");
            out.println(
                    config.masterKey().isEmpty()
                            ? "and keep " + MasterKey.file(config) + ": its secrets open with no other key."
                            : "and the same FATHI_MASTER_KEY.");
            out.println(
                    "The data folder " + config.dataPath() + " was only read. Do not start Fathi on it again without"
                            + " FATHI_DB_URL: it would send as well.");
        }
        return 0;
    }
}
