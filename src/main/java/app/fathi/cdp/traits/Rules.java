package app.fathi.cdp.traits;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** What is asked of the rule language here, which knows people and is not known by them. */
public interface Rules {
    /**
     * What conditions on properties are true of.
     *
     * @param at pointer to them in the request
     * @throws app.fathi.platform.errors.ProblemException 422 with all that is wrong
     */
    Predicate<JsonObject> where(JsonArray conditions, String at);

    /** Names of all traits that rules of segments ask for. */
    Future<Set<String>> asked(SqlClient client, int ws);

    /** Names of segments whose rules ask for the trait, some of them; until the transaction ends no rule changes. */
    Future<List<String>> segmentsAsking(SqlConnection tx, int ws, String trait);
}
