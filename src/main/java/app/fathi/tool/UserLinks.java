package app.fathi.tool;

import app.fathi.platform.db.DatabaseDoor;
import app.fathi.users.OperatorAccounts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Ways in for people: when nobody can sign in, or there is no mail server. */
@Command(
        name = "user",
        description =
                "Makes links that work once: for somebody new, or to another password. No password is typed here.")
final class UserLinks implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Without a command: what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(Tool.out(spec));
    }

    @Command(name = "create", description = "Invites somebody, and prints the link by which they choose a password.")
    int create(
            @Option(names = "--email", required = true, paramLabel = "<address>", description = "They sign in with it.")
                    String email,
            @Option(names = "--name", required = true, paramLabel = "<name>", description = "What people call them.")
                    String name,
            @Option(
                            names = "--role",
                            defaultValue = "administrator",
                            paramLabel = "<role>",
                            description = "What they may do: a built-in role or one of the workspace's own;"
                                    + " administrator if nothing is said.")
                    String role,
            @Option(
                            names = "--workspace",
                            paramLabel = "<id or name>",
                            description = "Whose; needed where there are several.")
                    String workspace)
            throws Exception {
        var config = Tool.config();
        try (var door = DatabaseDoor.open(config)) {
            var link = Tool.inTransaction(
                    door, tx -> OperatorAccounts.create(tx, config, Place.named(tx, workspace), email, name, role));
            Tool.out(spec)
                    .println("For " + email + " and nobody else; it works once, for "
                            + config.security().invitationHours() + " hours:");
            Tool.out(spec).println(link);
        }
        return 0;
    }

    @Command(name = "reset", description = "Prints a link to another password for somebody who has an account.")
    int reset(
            @Option(names = "--email", required = true, paramLabel = "<address>", description = "They sign in with it.")
                    String email,
            @Option(
                            names = "--remove-second-factor",
                            description = "For who has lost their authenticator and their recovery codes.")
                    boolean removeSecondFactor,
            @Option(
                            names = "--let-passwords-in",
                            description = "Where a workspace of theirs lets nobody in by a password, it does so from"
                                    + " now on, for everybody: for when no identity provider can be reached.")
                    boolean letPasswordsIn)
            throws Exception {
        var config = Tool.config();
        try (var door = DatabaseDoor.open(config)) {
            var reset = Tool.inTransaction(
                    door, tx -> OperatorAccounts.reset(tx, config, email, removeSecondFactor, letPasswordsIn));
            var out = Tool.out(spec);
            out.println("For " + email + " and nobody else; it works once, for "
                    + config.security().resetMinutes() + " minutes, and ends all their sessions:");
            out.println(reset.url());
            reset.closed()
                    .forEach(name -> out.println("The workspace " + name + " lets nobody in by a password"
                            + " (passwordSignIn), the new one neither: --let-passwords-in changes that."));
            reset.opened()
                    .forEach(name -> out.println(
                            "The workspace " + name + " lets people in by a password again, all who have one."));
        }
        return 0;
    }
}
