package app.fathi.tool;

import app.fathi.cep.stops.OperatorHold;
import app.fathi.cep.stops.OperatorHold.Held;
import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.copy.BackupReader;
import app.fathi.platform.copy.Manifest;
import app.fathi.platform.copy.Refill;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.security.MasterKey;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Makes an installation of a backup, whole or not at all. What was waiting to be sent is held: the instance that was backed up
 * may have sent it since.
 */
@Command(
        name = "restore",
        description =
                "Makes an installation of a backup, in an empty place: the data folder, another one (--to), or your"
                        + " PostgreSQL (FATHI_DB_URL). What was waiting to be sent is held until release-held.")
final class Restore implements Callable<Integer> {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "<file>", description = "What backup has written.")
    private Path file;

    @Option(
            names = "--to",
            paramLabel = "<folder>",
            description = "A data folder with an embedded database, whatever the settings say.")
    private Path to;

    @Option(
            names = "--replace",
            description =
                    "The data folder is not empty: it is put aside under another name, and nothing of it is removed.")
    private boolean replace;

    @Override
    public Integer call() throws Exception {
        var config = Tool.config();
        var backup = Tool.file(file);
        var passphrase = Passphrase.forExisting(config);
        long rows = BackupReader.check(backup, passphrase);
        try (var reader = BackupReader.open(backup, passphrase)) {
            var restored = to == null && !config.db().embedded()
                    ? intoDatabase(config, reader)
                    : intoFolder(config, to == null ? config.dataPath() : Tool.file(to), reader);
            tell(reader.manifest(), rows, restored);
        }
        return 0;
    }

    /**
     * @param where in words
     * @param held what is not sent; empty when nothing was waiting
     * @param aside where the data folder of before lies; null when there was none
     * @param keyFile that holds the master key now; null when the settings hold it
     */
    private record Restored(String where, Optional<Held> held, Path aside, Path keyFile) {}

    // --- into a database of the operator's
    // --------------------------------------------------------------------------------

    private Restored intoDatabase(Config config, BackupReader reader) {
        if (replace) {
            throw new StartException("--replace is for data folders: name an empty database (FATHI_DB_URL)");
        }
        var address = DatabaseAddress.of(config.db());
        requireSameKey(config, reader.manifest(), config.dataPath());
        Refill.requireUnused(address);
        // Before the data: who is interrupted behind them would have sealed rows and no key.
        var key = keep(config, reader.manifest(), config.dataPath());
        return new Restored("the database " + address, fill(address, reader), null, key);
    }

    /** A key that is there already must be the backup's: its secrets open with no other. */
    private static void requireSameKey(Config config, Manifest manifest, Path folder) {
        if (!config.masterKey().isEmpty() && !config.masterKey().equals(manifest.masterKey())) {
            throw new StartException("the backup was made with another master key than FATHI_MASTER_KEY:"
                    + " unset it, and the backup's own is written to " + MasterKey.file(folder));
        }
        var file = MasterKey.file(folder);
        try {
            if (Files.exists(file) && !Files.readString(file).strip().equals(manifest.masterKey())) {
                throw new StartException(file + " is another master key than the backup's: put it aside");
            }
        } catch (IOException e) {
            throw new StartException("the master key " + file + " cannot be read: " + e, e);
        }
    }

    private static Path keep(Config config, Manifest manifest, Path folder) {
        var file = MasterKey.file(folder);
        if (!config.masterKey().isEmpty()) {
            return null;
        }
        if (!Files.exists(file)) {
            MasterKey.write(file, manifest.masterKey());
        }
        return file;
    }

    // --- into a data folder
    // -----------------------------------------------------------------------------------------------

    private Restored intoFolder(Config config, Path folder, BackupReader reader) throws IOException {
        if (EmbeddedPostgres.isRunning(folder)) {
            throw new StartException("a server runs on the data folder " + folder + ": stop it first");
        }
        Path before = null;
        if (EmbeddedPostgres.isUnfinished(folder)) {
            before = EmbeddedPostgres.putAside(folder).orElse(null);
            EmbeddedPostgres.discard(folder);
        }
        var aside = isEmpty(folder) ? before : putAside(folder);
        try {
            requireSameKey(config, reader.manifest(), folder);
            Optional<Held> held;
            try (var postgres =
                    EmbeddedPostgres.startToFill(folder, aside, config.db().embeddedConnections())) {
                held = fill(postgres.address(), reader);
            }
            var key = keep(config, reader.manifest(), folder);
            EmbeddedPostgres.filled(folder);
            return new Restored("the data folder " + folder, held, aside, key);
        } catch (RuntimeException e) {
            undo(folder, aside);
            throw e;
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return true;
        }
        try (var inside = Files.list(folder)) {
            return inside.findAny().isEmpty();
        }
    }

    private Path putAside(Path folder) throws IOException {
        if (!replace) {
            throw new StartException(
                    "the data folder " + folder + " is not empty, and nothing in it is touched: name another"
                            + " one with --to, or say --replace, which puts it aside");
        }
        var aside = folder.resolveSibling(folder.getFileName() + ".before-restore-" + STAMP.format(Instant.now()));
        return Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void undo(Path folder, Path aside) throws IOException {
        if (EmbeddedPostgres.isUnfinished(folder)) {
            EmbeddedPostgres.discard(folder);
        }
        if (aside != null) {
            Files.deleteIfExists(folder);
            Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    // --- both
    // -------------------------------------------------------------------------------------------------------------

    /** One transaction: the tables, what they must not say any more, the hold, and the line in the audit trail. */
    private static Optional<Held> fill(DatabaseAddress address, BackupReader reader) {
        var manifest = reader.manifest();
        try (var target = Refill.begin(address, manifest.versions(), manifest.layout())) {
            long rows = reader.restore(target);
            var held = settle(target.connection(), manifest, rows);
            target.commit();
            return held;
        } catch (SQLException e) {
            throw new StartException("the backup cannot be restored into " + address + ": " + e.getMessage(), e);
        }
    }

    private static Optional<Held> settle(Connection tx, Manifest manifest, long rows) throws SQLException {
        OperatorStore.forgetWhoWasThere(tx);
        Schedules.skipMissed(tx);
        var held = OperatorHold.isAnythingWaiting(tx)
                ? Optional.of(OperatorHold.hold(tx, "restored from the backup of " + manifest.at()))
                : Optional.<Held>empty();
        OperatorAudit.record(
                tx,
                OperatorAudit.FIRST_WORKSPACE,
                "backup.restore",
                "backup",
                manifest.at(),
                null,
                new JsonObject().put("rows", rows).put("product", manifest.product()));
        return held;
    }

    private void tell(Manifest manifest, long rows, Restored restored) {
        var out = Tool.out(spec);
        out.println("Restored into " + restored.where + ": the installation as it was at " + manifest.at() + ", "
                + manifest.layout().tables().size() + " tables, " + rows + " rows.");
        if (restored.aside != null) {
            out.println("What was there before lies in " + restored.aside + ".");
        }
        if (restored.keyFile != null) {
            out.println("The master key lies in " + restored.keyFile + "; without it all subscriptions are lost.");
        }
        if (restored.held.isPresent()) {
            out.println(restored.held.get().messages()
                    + " messages of before are held, because they may have been sent since:"
                    + " scripts/fathi release-held shows them. New messages go at once.");
        }
        out.println("What was changed or revoked after " + manifest.at()
                + " is as it was before: look at API keys, users and" + " consent.");
        if (to != null) {
            out.println("Start it with FATHI_DATA_DIR=" + Tool.file(to));
        }
    }
}
