package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** All SQL of what was said of a person, when, and over what it came. */
final class WordsStore {
    /**
     * Which of several words {@code t.value} of one name stands, as {@link Words} has it of one id: the latest, or where the condition
     * holds that is put in here, staff's latest and else the first that has a value.
     */
    static final String STANDING =
            """
            (%1$s) AND (t.value ->> 4) IS DISTINCT FROM 'true' AND t.value -> 0 = 'null',
            (%1$s) AND (t.value ->> 4) IS DISTINCT FROM 'true',
            CASE WHEN (%1$s) AND (t.value ->> 4) IS DISTINCT FROM 'true' THEN (t.value ->> 1)::bigint END,
            CASE WHEN (%1$s) AND (t.value ->> 4) IS DISTINCT FROM 'true' THEN t.value ->> 2 END COLLATE "C",
            (t.value ->> 1)::bigint DESC, (t.value ->> 2) COLLATE "C" DESC""";

    /**
     * Whether a word {@code c.value} about consent that stands with the id {@code i} counts with the person: under a visitor's id that
     * they are only claimed to have, anybody may have said it. Then it may take from what they get and add nothing to it.
     */
    static final String COUNTS = "(i.address_no = i.profile_no OR c.value -> 0 = 'false')";

    /** Where a trait in force comes from. */
    record Told(String name, long micros, String source) {}

    /** When the latest word was said of any id of a person; empty when none was. */
    Future<Optional<Instant>> lastWord(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        """
                        SELECT max((t.value ->> 1)::bigint) AS micros
                        FROM cdp_said i CROSS JOIN LATERAL (
                          SELECT value FROM jsonb_each(i.traits) UNION ALL SELECT value FROM jsonb_each(i.tags)
                          UNION ALL SELECT value FROM jsonb_each(i.consents)) t
                        WHERE i.ws = $1 AND i.profile_no = $2
                        """)
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> Optional.ofNullable(rows.iterator().next().getLong("micros"))
                        .map(micros -> Instant.EPOCH.plus(micros, ChronoUnit.MICROS)));
    }

    /** Of each trait in force the word that put it there. */
    Future<List<Told>> told(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT ON (t.key) t.key AS name, (t.value ->> 1)::bigint AS micros, t.value ->> 3 AS source
                        FROM cdp_said i CROSS JOIN LATERAL jsonb_each(i.traits) t
                        CROSS JOIN (SELECT coalesce((SELECT oldest FROM cdp_trait_rules WHERE ws = $1), '{}') AS names) first
                        WHERE i.ws = $1 AND i.profile_no = $2
                        ORDER BY t.key, %s
                        """
                                .formatted(STANDING.formatted("t.key = ANY (first.names)")))
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> rows.stream()
                        .map(row -> new Told(row.getString("name"), row.getLong("micros"), row.getString("source")))
                        .toList());
    }

    /** What a person has agreed to or refused, as the API shows it, with what shows it. */
    Future<List<JsonObject>> consents(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT ON (c.key) c.key, c.value
                        FROM cdp_identity i CROSS JOIN LATERAL jsonb_each(i.consents) c
                        WHERE i.ws = $1 AND i.profile_no = $2 AND\s"""
                                + COUNTS
                                + """

                        ORDER BY c.key, (c.value ->> 1)::bigint DESC, (c.value ->> 2) COLLATE "C" DESC
                        """)
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> rows.stream().map(WordsStore::consent).toList());
    }

    private static JsonObject consent(Row row) {
        var key = row.getString("key");
        var word = row.getJsonArray("value");
        var source = word.getString(3);
        return new JsonObject()
                .put("purpose", key.substring(0, key.indexOf('/')))
                .put("channel", key.substring(key.indexOf('/') + 1))
                .put("granted", word.getBoolean(0))
                .put(
                        "changedAt",
                        Instant.EPOCH.plus(word.getLong(1), ChronoUnit.MICROS).toString())
                .put("source", source == null ? "unknown" : source)
                .put("evidence", word.getJsonObject(4));
    }
}
