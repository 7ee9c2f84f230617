package app.fathi.tool;

import app.fathi.cep.stops.OperatorSwitches;
import app.fathi.platform.db.DatabaseDoor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Takes back what {@link StopSending} did, or somebody over the API. */
@Command(
        name = "resume-sending",
        description =
                "Lets go on what was stopped with the same scope, target and workspace. What was stopped meanwhile stays"
                        + " skipped.")
final class ResumeSending implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Place place;

    @Override
    public Integer call() throws Exception {
        place.check();
        try (var door = DatabaseDoor.open(Tool.config())) {
            boolean lifted =
                    Tool.inTransaction(door, tx -> OperatorSwitches.lift(tx, place.scope, place.ws(tx), place.target));
            var what = place.scope + (place.target == null ? "" : " " + place.target);
            Tool.out(spec).println(lifted ? "Sending goes on: " + what + "." : "It was not stopped: " + what + ".");
            try (var connection = door.connect()) {
                ShowSending.show(Tool.out(spec), connection);
            }
        }
        return 0;
    }
}
