package app.fathi.tool;

import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.copy.BackupWriter;
import app.fathi.platform.copy.Manifest;
import app.fathi.platform.copy.Snapshot;
import app.fathi.platform.db.DatabaseDoor;
import app.fathi.platform.db.Migrations;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the whole installation into one sealed file. */
@Command(
        name = "backup",
        description =
                "Writes database and master key into one file that only a passphrase opens (FATHI_BACKUP_PASSPHRASE, or it"
                        + " asks). Servers go on meanwhile; the file shows one instant.")
final class BackUp implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "<file>", description = "Must not exist.")
    private Path file;

    @Override
    public Integer call() throws Exception {
        var config = Tool.config();
        var target = Tool.file(file);
        var passphrase = Passphrase.forNew(config);
        try (var door = DatabaseDoor.open(config)) {
            var versions = Migrations.standing(door.address()).applied();
            try (var snapshot = Snapshot.of(door.address())) {
                var manifest = new Manifest(
                        OperatorStore.product(),
                        snapshot.at(),
                        versions,
                        OperatorStore.masterKey(config, snapshot.connection(), "there is nothing to back up"),
                        snapshot.layout());
                var written = BackupWriter.write(target, passphrase, manifest, snapshot);
                Tool.out(spec)
                        .printf(
                                "%s holds the installation as it was at %s: %d tables, %d rows, %s, and the master key.%n",
                                target, snapshot.at(), written.tables(), written.rows(), Sizes.of(written.octets()));
                Tool.inTransaction(door, tx -> {
                    OperatorAudit.record(
                            tx,
                            OperatorAudit.FIRST_WORKSPACE,
                            "backup.create",
                            "backup",
                            snapshot.at(),
                            null,
                            new JsonObject().put("rows", written.rows()).put("octets", written.octets()));
                    return null;
                });
            }
        }
        Tool.out(spec).println("Keep the passphrase elsewhere: without it nobody opens the file.");
        return 0;
    }
}
