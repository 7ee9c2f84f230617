package app.fathi.tool;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.DatabaseDoor;
import app.fathi.platform.security.MasterKey;
import app.fathi.platform.security.MasterRotation;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Another master key. What is to be done next is found in the database and the data folder, so it can be run again at any time. */
@Command(
        name = "rotate-master",
        description =
                "Makes a new master key and seals with it what was sealed with the one before. Run it again until it"
                        + " says that the key is changed: meanwhile both keys work. Ends with 0 then, with 2 while something is"
                        + " left to you.")
final class RotateMaster implements Callable<Integer> {
    private static final int LEFT_TO_DO = 2;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        var config = Tool.config();
        try (var door = DatabaseDoor.open(config)) {
            return rotate(config, door);
        }
    }

    private int rotate(Config config, DatabaseDoor door) throws SQLException {
        var out = Tool.out(spec);
        var rotation = new MasterRotation(config);
        while (true) {
            var step = Tool.inTransaction(door, rotation::next);
            switch (step) {
                case MAKE -> {
                    rotation.make();
                    out.println("A new master key is made: " + rotation.nextFile() + ".");
                }
                case BEGIN -> {
                    Tool.inTransaction(door, tx -> {
                        rotation.begin(tx);
                        return step;
                    });
                    out.println("From now on it opens the database, as the one before does.");
                }
                case SWAP ->
                    out.println(MasterKey.file(config) + " is the new key now; the one before lies in "
                            + rotation.swap() + ".");
                case SET_ENVIRONMENT -> {
                    out.println("Now set FATHI_MASTER_KEY of all nodes to what stands in " + rotation.nextFile()
                            + ", start them anew one after the other, and run this again with it. Until then both keys"
                            + " work.");
                    return LEFT_TO_DO;
                }
                case RESTART_NODES -> {
                    out.println("These run with the key before: "
                            + String.join(", ", Tool.inTransaction(door, rotation::others))
                            + ". Start them anew one after the other and run this again; one that was killed is forgotten"
                            + " after half a minute. Until then both keys work.");
                    return LEFT_TO_DO;
                }
                case FINISH -> {
                    int keys = Tool.inTransaction(door, tx -> rotation.finish(tx, done -> progress(out, done)));
                    rotation.tidy();
                    return changed(out, keys + " data keys are sealed with the new one. ");
                }
                case TIDY -> {
                    rotation.tidy();
                    return changed(out, "");
                }
            }
        }
    }

    private static void progress(PrintWriter out, int done) {
        out.println(done + " data keys …");
        out.flush();
    }

    private static int changed(PrintWriter out, String what) {
        out.println(what
                + "The master key is changed: the one before opens nothing here any more. Back up the new one, and keep"
                + " the other for as long as there are copies of the database from before that scripts/fathi backup has"
                + " not made.");
        return 0;
    }
}
