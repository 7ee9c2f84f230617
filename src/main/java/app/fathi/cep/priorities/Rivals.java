package app.fathi.cep.priorities;

import app.fathi.cep.policies.PolicyRules.Due;
import app.fathi.cep.priorities.RivalsStore.Unfound;
import app.fathi.cep.runs.Run;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.Audiences;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What people are about to get that is more important than a message. Of messages whose people are found already their chunks
 * say it, and the ledger who has been dealt with; of a segment or a rule whose people are still to be found, the people are asked
 * whether it means them.
 */
public final class Rivals {
    private final Audiences audiences;

    public Rivals(Audiences audiences) {
        this.audiences = audiences;
    }

    /**
     * By person the one that is due last. Transactional messages are not among them, nor what is paused or held after a restore.
     *
     * @param within what is due later does not count
     */
    public Future<Map<Integer, Due>> due(SqlClient client, Run run, Set<Integer> people, Instant now, Duration within) {
        if (people.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        var found = RivalsStore.due(client, run, people, now, now.plus(within));
        var unfound = RivalsStore.unfound(client, run, now, now.plus(within));
        return Future.all(found, unfound).compose(both -> {
            var due = new HashMap<>(found.result());
            return ask(run, List.copyOf(people), unfound.result(), 0, due);
        });
    }

    private Future<Map<Integer, Due>> ask(
            Run run, List<Integer> people, List<Unfound> unfound, int from, Map<Integer, Due> due) {
        if (from == unfound.size()) {
            return Future.succeededFuture(due);
        }
        var rival = unfound.get(from);
        var unasked = people.stream().filter(no -> no < rival.before()).toList();
        return meant(run.ws(), rival, unasked).compose(meant -> {
            meant.forEach(no -> due.merge(no, rival.due(), Due::and));
            return ask(run, people, unfound, from + 1, due);
        });
    }

    /** A rule that nobody can follow any more means nobody: its message will fail. */
    private Future<Set<Integer>> meant(int ws, Unfound rival, List<Integer> people) {
        return people.isEmpty()
                ? Future.succeededFuture(Set.of())
                : audiences
                        .among(ws, rival.definition(), people)
                        .recover(failure -> failure instanceof ProblemException
                                ? Future.succeededFuture(Set.of())
                                : Future.failedFuture(failure));
    }
}
