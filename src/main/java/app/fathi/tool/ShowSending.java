package app.fathi.tool;

import app.fathi.cep.stops.OperatorHold;
import app.fathi.cep.stops.OperatorSwitches;
import app.fathi.platform.db.DatabaseDoor;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Tells what keeps messages from being sent. */
@Command(name = "sending", description = "Shows what is stopped and what is held, why, since when and by whom.")
final class ShowSending implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        try (var door = DatabaseDoor.open(Tool.config());
                var connection = door.connect()) {
            show(Tool.out(spec), connection);
        }
        return 0;
    }

    static void show(PrintWriter out, Connection connection) throws SQLException {
        var switches = OperatorSwitches.all(connection);
        var names = OperatorStore.workspaces(connection).stream()
                .collect(Collectors.toMap(OperatorStore.Workspace::no, OperatorStore.Workspace::name));
        for (var one : switches) {
            out.println("stopped  " + one.what()
                    + (one.ws() == 0 ? "" : " of workspace " + names.getOrDefault(one.ws(), "" + one.ws()))
                    + (one.exceptTransactional() ? ", but for transactional messages" : "")
                    + ": " + one.reason() + " (" + one.engagedBy() + ", " + one.engagedAt() + ")");
        }
        var held = OperatorHold.find(connection);
        if (held.isPresent()) {
            out.println("held     what is older than " + held.get().heldAt() + ": "
                    + held.get().reason() + " (" + held.get().heldBy() + "); scripts/fathi release-held shows it");
        }
        if (switches.isEmpty() && held.isEmpty()) {
            out.println("Nothing is stopped and nothing is held.");
        }
    }
}
