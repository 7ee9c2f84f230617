package app.fathi.tool;

import app.fathi.cep.stops.OperatorHold;
import app.fathi.platform.db.DatabaseDoor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Holds all messages made so far: for a copy of an installation that was not made by a backup. */
@Command(
        name = "hold-older",
        description =
                "Holds all messages that were made until now; new ones go. For a copy of an installation (a cloned disk, a"
                        + " copied database), before a server starts on it: else both send what is waiting.")
final class HoldOlder implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--reason", required = true, paramLabel = "<why>", description = "For whoever finds it so.")
    private String reason;

    @Override
    public Integer call() throws Exception {
        try (var door = DatabaseDoor.open(Tool.config())) {
            var held = Tool.inTransaction(door, tx -> OperatorHold.hold(tx, reason.strip()));
            Tool.out(spec)
                    .println("Messages made until now are held, " + held.messages()
                            + " of them not over. scripts/fathi release-held shows them and lets them go.");
        }
        return 0;
    }
}
