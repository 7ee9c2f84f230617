package app.fathi.segments;

import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Static segments that people were put into. Who is in a dynamic one is not kept. */
public final class PeopleInSegments implements Erasable {
    private final SegmentsStore store = new SegmentsStore();

    @Override
    public Set<String> tables() {
        return Set.of("segments_member");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.of(client, ws, profileNos);
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forget(tx, ws, profileNos).map(rows -> Map.of("segments_member", rows));
    }
}
