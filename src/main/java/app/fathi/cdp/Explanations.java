package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Why ids are one person, in three parts that follow each other: userIds and anonymousIds; other ids that were told of them, those that hold
 * and those that do not; what their latest events told and was not taken for an id.
 */
final class Explanations {
    /** Of what was not taken the latest. */
    static final int MAX_NOT_TAKEN = 20;

    private static final int LAST = 2;

    private final LinksStore links = new LinksStore();
    private final BondsStore bonds = new BondsStore();

    /** @param place where it stands in its part */
    record Explained(int part, long place, JsonObject shown) {}

    /** Those that follow a place; the next part begins at place 0. */
    Future<List<Explained>> from(SqlClient client, int ws, int profileNo, int part, long after, int limit) {
        return part(client, ws, profileNo, part, after, limit)
                .compose(found -> found.size() == limit || part == LAST
                        ? Future.succeededFuture(found)
                        : from(client, ws, profileNo, part + 1, 0, limit - found.size())
                                .map(more -> Stream.concat(found.stream(), more.stream())
                                        .toList()));
    }

    private Future<List<Explained>> part(SqlClient client, int ws, int profileNo, int part, long after, int limit) {
        return switch (part) {
            case 0 ->
                links.explain(client, ws, profileNo, after, limit).map(rows -> rows.stream()
                        .map(row -> new Explained(part, row.no(), row.shown()))
                        .toList());
            case 1 -> bonds.explain(client, ws, profileNo, after, limit).map(rows -> of(part, rows));
            default ->
                bonds.notTaken(client, ws, profileNo, after, limit, MAX_NOT_TAKEN)
                        .map(rows -> of(part, rows));
        };
    }

    private static List<Explained> of(int part, List<BondsStore.Explained> rows) {
        var all = new ArrayList<Explained>(rows.size());
        rows.forEach(row -> all.add(new Explained(part, row.place(), row.shown())));
        return all;
    }
}
