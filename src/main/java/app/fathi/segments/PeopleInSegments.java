package app.fathi.segments;

import app.fathi.platform.db.Erasable;
import app.fathi.platform.stream.Outbox;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which segments people are in, what is counted of them for these, and files that are to put them there. */
public final class PeopleInSegments implements Erasable {
    private final SegmentsStore store = new SegmentsStore();
    private final ImportsStore imports = new ImportsStore();
    private final MembershipStore membership = new MembershipStore();
    private final SumsStore sums = new SumsStore();

    @Override
    public Set<String> tables() {
        return Set.of(
                "segments_member", "segments_import_member", "segments_person", "segments_moments", "segments_sum");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.of(client, ws, profileNos);
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forget(tx, ws, profileNos).compose(members -> imports.forget(tx, ws, profileNos)
                .compose(named -> membership.erase(tx, ws, profileNos).compose(erased -> sums.erase(tx, ws, profileNos)
                        .compose(summed -> Outbox.write(tx, "facts", erased.moves())
                                .map(Map.of(
                                        "segments_member",
                                        members,
                                        "segments_import_member",
                                        named,
                                        "segments_person",
                                        erased.people(),
                                        "segments_moments",
                                        erased.moments(),
                                        "segments_sum",
                                        summed))))));
    }
}
