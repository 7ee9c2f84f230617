package app.fathi.tool;

import app.fathi.cep.stops.OperatorHold;
import app.fathi.cep.stops.OperatorHold.Held;
import app.fathi.platform.db.DatabaseDoor;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lets go what a restore holds, once somebody has looked at it. */
@Command(
        name = "release-held",
        description =
                "Shows which messages are held since a restore: how many, to how many people, how old. With --yes they"
                        + " are sent, as far as their time is not up.")
final class ReleaseHeld implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--yes", description = "Send them.")
    private boolean yes;

    @Override
    public Integer call() throws Exception {
        var out = Tool.out(spec);
        try (var door = DatabaseDoor.open(Tool.config())) {
            var held = Tool.inTransaction(door, yes ? OperatorHold::release : OperatorHold::find);
            if (held.isEmpty()) {
                out.println("Nothing is held.");
                return 0;
            }
            show(out, held.get());
            out.println(
                    yes
                            ? "They are released: what can still be sent goes now."
                            : "Nothing was released. What the other instance has sent since would be sent twice;"
                                    + " to send it all the same: scripts/fathi release-held --yes");
        }
        return 0;
    }

    private static void show(PrintWriter out, Held held) {
        out.println("Held since " + held.heldAt() + ": " + held.reason());
        for (var one : held.waiting()) {
            out.println("  " + one.workspace() + ": " + one.messages() + " messages to at most " + one.people()
                    + " people, made from " + one.oldestAt() + " to " + one.newestAt()
                    + (one.expired() == 0 ? "" : "; the time of " + one.expired() + " is up, they end unsent"));
        }
        if (held.waiting().isEmpty()) {
            out.println("  no message that is not over");
        }
    }
}
