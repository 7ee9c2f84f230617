package app.fathi.tool;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.DatabaseDoor;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Logging;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** {@code scripts/fathi}: reads the command line, and tells in one line what did not work. */
@Command(
        name = "scripts/fathi",
        description =
                "The operator's tool. It reads the same settings as the server: FATHI_… and conf/application.yaml.",
        subcommands = {
            StopSending.class,
            ResumeSending.class,
            ShowSending.class,
            Doctor.class,
            BackUp.class,
            Restore.class,
            HoldOlder.class,
            ReleaseHeld.class,
            MoveDatabase.class,
            OpenSealed.class,
            UserLinks.class,
            AuditTrail.class,
            Keys.class
        },
        usageHelpAutoWidth = true)
public final class Tool implements Runnable {
    /** What was written on the command line cannot be understood (EX_USAGE of sysexits.h). */
    private static final int USAGE = 64;

    private static final int FAILED = 1;

    @Spec
    private CommandSpec spec;

    private Tool() {}

    public static void main(String[] arguments) {
        // As the server: what it prints and reads is the same on every machine.
        Locale.setDefault(Locale.ROOT);
        Logging.startQuiet();
        Runtime.getRuntime().halt(run(arguments));
    }

    private static int run(String[] arguments) {
        var line = new CommandLine(new Tool());
        offerHelp(line);
        line.setExecutionExceptionHandler(Tool::tell)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((wrong, given) -> {
                    var err = wrong.getCommandLine().getErr();
                    err.println(wrong.getMessage());
                    err.println(
                            "Try: " + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
                    err.flush();
                    return USAGE;
                });
        int code = line.execute(arguments);
        line.getOut().flush();
        line.getErr().flush();
        return code;
    }

    private static void offerHelp(CommandLine line) {
        line.getCommandSpec()
                .addOption(OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .description("This text.")
                        .build());
        line.getSubcommands().values().forEach(Tool::offerHelp);
    }

    /** Without a command: what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int tell(Exception failure, CommandLine line, CommandLine.ParseResult given) {
        line.getErr().println(reason(failure));
        line.getErr().flush();
        return FAILED;
    }

    private static String reason(Exception failure) {
        return switch (failure) {
            case StartException known -> known.getMessage();
            case ProblemException problem -> problem.problem().detail();
            case SQLException sql
            when "42P01".equals(sql.getSQLState()) ->
                "the database has not the tables that this version needs: start this version of Fathi on it first";
            case SQLException sql -> "the database refuses: " + sql.getMessage();
            default -> "it did not work: " + failure;
        };
    }

    /** The settings, read once the command is known, so that help needs none. */
    static Config config() {
        return Config.load();
    }

    /** A file of the command line: relative to where the command was given, not to where it runs. */
    static Path file(Path given) {
        return Path.of(System.getProperty("fathi.from", ""))
                .toAbsolutePath()
                .resolve(given)
                .normalize();
    }

    /** What a command does with the database. */
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /** One transaction on the database of the settings, whether a server runs or not. */
    static <T> T inTransaction(DatabaseDoor door, Work<T> work) throws SQLException {
        try (var connection = door.connect()) {
            connection.setAutoCommit(false);
            var result = work.run(connection);
            connection.commit();
            return result;
        }
    }

    static PrintWriter out(CommandSpec spec) {
        return spec.commandLine().getOut();
    }
}
