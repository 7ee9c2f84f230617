package app.fathi.tool;

import app.fathi.cep.stops.OperatorSwitches;
import app.fathi.platform.config.StartException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What of all sending a command is about: options that several commands share. */
final class Place {
    @Option(
            names = "--scope",
            paramLabel = "all|workspace|channel|origin",
            description =
                    "All that is sent (if nothing is said), one workspace's, or one channel, push service or campaign of it.")
    String scope = "all";

    @Option(
            names = "--target",
            paramLabel = "<name>",
            description = "The channel (webpush), the origin (https://fcm.googleapis.com) or the campaign's id.")
    String target;

    @Option(names = "--workspace", paramLabel = "<id or name>", description = "Whose; needed where there are several.")
    String workspace;

    /** Fails with one line for a scope that there is not. */
    void check() {
        if (!OperatorSwitches.scopes().contains(scope)) {
            throw new StartException(
                    "there is no scope " + scope + ": one of " + String.join(", ", OperatorSwitches.scopes()));
        }
        if (workspace != null && !OperatorSwitches.isOfWorkspace(scope)) {
            throw new StartException(
                    "the scope " + scope + " is everybody's: leave --workspace out, or say --scope workspace");
        }
    }

    /** The same options once more, for a command line. */
    String arguments() {
        return (scope.equals("all") ? "" : " --scope " + scope)
                + (target == null ? "" : " --target " + target)
                + (workspace == null ? "" : " --workspace '" + workspace + "'");
    }

    /** The workspace's number; 0 where the scope is everybody's. */
    int ws(Connection connection) throws SQLException {
        if (!OperatorSwitches.isOfWorkspace(scope)) {
            return 0;
        }
        return named(connection, workspace);
    }

    /** The number of the workspace that an operator means; where there is one alone, it need not be named. */
    static int named(Connection connection, String workspace) throws SQLException {
        var all = OperatorStore.workspaces(connection);
        var named = all.stream()
                .filter(one -> workspace == null || workspace.equals(one.id()) || workspace.equals(one.name()))
                .toList();
        if (named.size() == 1) {
            return named.getFirst().no();
        }
        throw new StartException((workspace == null
                        ? "say whose with --workspace"
                        : "there is no one workspace " + workspace)
                + ": "
                + all.stream().map(one -> one.name() + " (" + one.id() + ")").collect(Collectors.joining(", ")));
    }
}
