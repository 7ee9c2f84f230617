package app.fathi.tool;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What concerns the audit trail. */
@Command(name = "audit", description = "Checks the audit trail.", subcommands = VerifyAudit.class)
final class AuditTrail implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Without a command: what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
