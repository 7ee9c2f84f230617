package app.fathi.cep.besttime;

import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;

/** When people react to messages. In what everybody does, who is erased cannot be told from others. */
public final class PeopleInHabits implements Erasable {
    @Override
    public Set<String> tables() {
        return Set.of("cep_habits");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return HabitsStore.read(client, ws, profileNos).map(people -> people.values().stream()
                .filter(habits -> !habits.isEmpty())
                .map(habits -> new JsonObject()
                        .put("kind", "habits")
                        .put("tried", hours(habits.tried()))
                        .put("liked", hours(habits.liked())))
                .toList());
    }

    private static JsonArray hours(double[] numbers) {
        return new JsonArray(DoubleStream.of(numbers)
                .mapToObj(number -> (Object) (Math.round(number * 100) / 100.0))
                .toList());
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return HabitsStore.erase(tx, ws, profileNos).map(rows -> Map.of("cep_habits", rows));
    }
}
