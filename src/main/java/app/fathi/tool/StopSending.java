package app.fathi.tool;

import app.fathi.cep.stops.OperatorSwitches;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.DatabaseDoor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The emergency stop. */
@Command(
        name = "stop-sending",
        description =
                "Stops what is sent, within 5 s on every node, until resume-sending. What is stopped ends as skipped and"
                        + " is not made up for.")
final class StopSending implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Place place;

    @Option(names = "--except-transactional", description = "Transactional messages still go.")
    private boolean exceptTransactional;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "<why>",
            description = "Whoever finds sending stopped at night reads it.")
    private String reason;

    @Override
    public Integer call() throws Exception {
        place.check();
        if (reason.isBlank()) {
            throw new StartException("say why with --reason: whoever finds sending stopped at night reads it");
        }
        var config = Tool.config();
        try (var door = DatabaseDoor.open(config)) {
            var engaged = Tool.inTransaction(
                    door,
                    tx -> OperatorSwitches.engage(
                            tx, place.scope, place.ws(tx), place.target, exceptTransactional, reason.strip()));
            Tool.out(spec)
                    .println("Sending is stopped: " + engaged.what()
                            + (exceptTransactional ? ", but for transactional messages" : "")
                            + (door.isOurs()
                                    ? ". No server runs on this data; the next one finds it so."
                                    : ". Within 5 s nothing of it leaves any node."));
            Tool.out(spec).println("It stays so until: scripts/fathi resume-sending" + place.arguments());
        }
        return 0;
    }
}
