package app.fathi.tool;

import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.DatabaseDoor;
import app.fathi.platform.security.MasterStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Reads the chains of the audit trail and names each line that somebody has tampered with. */
@Command(
        name = "verify",
        description = "Names each line of the audit trail that was changed, deleted, added, swapped or cut off in the"
                + " database. Ends with 0 when there is none, with 2 when there is.")
final class VerifyAudit implements Callable<Integer> {
    private static final int FOUND = 2;

    @Spec
    private CommandSpec spec;

    @Option(names = "--workspace", paramLabel = "<id>", description = "Only this one; all when left out.")
    private String workspace;

    @Override
    public Integer call() throws Exception {
        var config = Tool.config();
        try (var door = DatabaseDoor.open(config);
                var connection = door.connect()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            var master = OperatorStore.masterKey(config, connection, "there is no trail to check");
            var key = MasterStore.kept(connection).orElseThrow().derivedKey(master, "audit");
            var all = OperatorStore.workspaces(connection).stream()
                    .filter(each -> workspace == null || each.id().equalsIgnoreCase(workspace))
                    .toList();
            if (all.isEmpty()) {
                throw new StartException("there is no workspace " + workspace);
            }
            boolean valid = true;
            for (var each : all) {
                valid &= verify(connection, each, key);
            }
            return valid ? 0 : FOUND;
        }
    }

    private boolean verify(Connection connection, OperatorStore.Workspace each, byte[] key) throws SQLException {
        var out = Tool.out(spec);
        var found = OperatorAudit.verify(connection, each.no(), key);
        out.printf(
                "Workspace %s (%s): %d lines checked%s%s, %s.%n",
                each.name(),
                each.id(),
                found.checked(),
                found.checkpoint() == 0 ? "" : " after the checkpoint at " + found.checkpoint(),
                found.waiting() == 0 ? "" : ", " + found.waiting() + " wait for their place",
                found.faults().isEmpty()
                        ? "all as they were written"
                        : found.faults().size() + " faults");
        found.erased().forEach((receipt, lines) -> out.printf("  erased     %d lines, receipt %s%n", lines, receipt));
        for (var fault : found.faults()) {
            out.printf(
                    "  %-10s %s%s: %s%n",
                    fault.kind(),
                    fault.seq() == null ? "line" : "number " + fault.seq(),
                    fault.event() == null ? "" : " (id " + fault.event() + ")",
                    fault.detail());
        }
        if (found.seq() > 0) {
            out.printf("  head       %d:%s%n", found.seq(), HexFormat.of().formatHex(found.hash()));
        }
        return found.faults().isEmpty();
    }
}
