package app.fathi.cdp;

import app.fathi.cdp.values.TraitNames;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** All SQL of traits as rules read them: {@code cdp_trait} and the names in it. */
final class TraitsStore {
    /**
     * What was in force of one person, and what is.
     *
     * @param consents whether they agree to something else than before
     * @param tags whether they have others than before
     * @param groups whether they are in others than before
     */
    record Change(int profileNo, JsonObject before, JsonObject after, boolean consents, boolean tags, boolean groups) {
        /** Of somebody of whom traits are all that is looked at. */
        Change(int profileNo, JsonObject before, JsonObject after) {
            this(profileNo, before, after, false, false, false);
        }

        /** The traits that have another value, or none any more. */
        Set<String> names() {
            var names = new HashSet<String>();
            after.forEach(trait -> {
                if (!Objects.equals(before.getValue(trait.getKey()), after.getValue(trait.getKey()))) {
                    names.add(trait.getKey());
                }
            });
            before.fieldNames().stream()
                    .filter(name -> !after.containsKey(name))
                    .forEach(names::add);
            return names;
        }
    }

    private record Row(int profileNo, String name, TypedTrait value) {}

    private record Gone(int profileNo, String name) {}

    /** Puts down what differs; costs nothing where nothing does. */
    Future<Void> tell(SqlConnection tx, int ws, List<Change> changes) {
        var rows = new ArrayList<Row>();
        var gone = new ArrayList<Gone>();
        for (var change : changes) {
            change.after().forEach(trait -> {
                if (trait.getValue() != null
                        && !Objects.equals(
                                change.before().getValue(trait.getKey()),
                                change.after().getValue(trait.getKey()))) {
                    rows.add(new Row(change.profileNo(), trait.getKey(), TypedTrait.of(trait.getValue())));
                }
            });
            change.before().fieldNames().stream()
                    .filter(name -> change.after().getValue(name) == null)
                    .forEach(name -> gone.add(new Gone(change.profileNo(), name)));
        }
        return write(tx, ws, rows).compose(done -> remove(tx, ws, gone));
    }

    private Future<Void> write(SqlConnection tx, int ws, List<Row> rows) {
        if (rows.isEmpty()) {
            return Future.succeededFuture();
        }
        return numbers(tx, ws, rows.stream().map(Row::name).toList()).compose(numbers -> {
            var known =
                    rows.stream().filter(row -> numbers.containsKey(row.name())).toList();
            return tx.preparedQuery(
                            """
                            INSERT INTO cdp_trait (ws, trait, profile_no, type, num, txt, fold, micros)
                            SELECT $1, r.* FROM unnest($2::int[], $3::int[], $4::smallint[], $5::float8[], $6::text[], $7::text[], $8::bigint[]) r
                            ON CONFLICT (ws, trait, profile_no) DO UPDATE SET
                              type = excluded.type, num = excluded.num, txt = excluded.txt, fold = excluded.fold, micros = excluded.micros
                            """)
                    .execute(Tuple.from(new Object[] {
                        ws,
                        known.stream().map(row -> numbers.get(row.name())).toArray(Integer[]::new),
                        known.stream().map(Row::profileNo).toArray(Integer[]::new),
                        known.stream().map(row -> row.value().type()).toArray(Short[]::new),
                        known.stream().map(row -> row.value().number()).toArray(Double[]::new),
                        known.stream().map(row -> row.value().text()).toArray(String[]::new),
                        known.stream().map(row -> row.value().folded()).toArray(String[]::new),
                        known.stream().map(row -> row.value().micros()).toArray(Long[]::new)
                    }))
                    .mapEmpty();
        });
    }

    private Future<Void> remove(SqlConnection tx, int ws, List<Gone> gone) {
        if (gone.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        DELETE FROM cdp_trait t
                        USING unnest($2::text[], $3::int[]) AS g (name, profile_no)
                        JOIN cdp_trait_name n ON n.ws = $1 AND n.name = g.name
                        WHERE t.ws = $1 AND t.trait = n.no AND t.profile_no = g.profile_no
                        """)
                .execute(Tuple.of(
                        ws,
                        gone.stream().map(Gone::name).toArray(String[]::new),
                        gone.stream().map(Gone::profileNo).toArray(Integer[]::new)))
                .mapEmpty();
    }

    /**
     * The numbers of these names; new ones get theirs while the workspace has room for more, and always ours, those that are computed,
     * and those by which people are left alone. Where others may have been refused before, {@link TraitsJob} looks who has them.
     */
    private Future<Map<String, Integer>> numbers(SqlConnection tx, int ws, Collection<String> names) {
        var wanted = new TreeSet<>(names);
        wanted.removeIf(TraitNames::isTooLong);
        return known(tx, ws, wanted).compose(known -> {
            wanted.removeAll(known.keySet());
            return wanted.isEmpty()
                    ? Future.succeededFuture(known)
                    : make(tx, ws, wanted)
                            .compose(done -> known(tx, ws, wanted))
                            .map(made -> {
                                known.putAll(made);
                                return known;
                            });
        });
    }

    private Future<Map<String, Integer>> known(SqlConnection tx, int ws, Collection<String> names) {
        return tx.preparedQuery("SELECT name, no FROM cdp_trait_name WHERE ws = $1 AND name = ANY ($2)")
                .execute(Tuple.of(ws, (Object) names.toArray(String[]::new)))
                .map(rows -> {
                    var known = new HashMap<String, Integer>();
                    rows.forEach(row -> known.put(row.getString("name"), row.getInteger("no")));
                    return known;
                });
    }

    /** Locked by a statement of its own, so that the next one sees the numbers that others have given meanwhile. */
    private Future<Void> make(SqlConnection tx, int ws, Collection<String> names) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('cdp_trait_name', $1))")
                .execute(Tuple.of((long) ws))
                .compose(done -> tx.preparedQuery(
                                """
                                WITH last AS (
                                  SELECT coalesce(max(no), 0) AS no, count(*) AS names FROM cdp_trait_name WHERE ws = $1)
                                INSERT INTO cdp_trait_name (ws, no, name, whole)
                                SELECT $1, last.no + n.place, n.name, last.no < $3 OR n.always
                                FROM last, (
                                  SELECT name, row_number() OVER (ORDER BY name NOT LIKE '$%', name) AS place,
                                    name LIKE '$%' OR name IN ('email', 'phone')
                                      OR EXISTS (SELECT FROM cdp_computed_trait c WHERE c.ws = $1 AND c.name = n.name) AS always
                                  FROM unnest($2::text[]) AS n (name)
                                  WHERE NOT EXISTS (SELECT FROM cdp_trait_name k WHERE k.ws = $1 AND k.name = n.name)) n
                                WHERE last.names + n.place <= $3 OR n.always
                                """)
                        .execute(Tuple.of(ws, names.toArray(String[]::new), TraitNames.MOST)))
                .mapEmpty();
    }

    /** The next profiles, downwards, that were there before these rows were; none when all are told. Held until the end. */
    Future<List<Change>> untold(SqlConnection tx, int ws, int count) {
        return tx.preparedQuery(
                        """
                        SELECT profile_no, traits FROM cdp_profile
                        WHERE ws = $1 AND profile_no IN (
                          SELECT profile_no FROM cdp_profile
                          WHERE ws = $1 AND profile_no < (SELECT untold FROM cdp_profile_number WHERE ws = $1)
                          ORDER BY profile_no DESC LIMIT $2)
                        ORDER BY profile_no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, count))
                .map(rows -> rows.stream()
                        .map(row ->
                                new Change(row.getInteger("profile_no"), new JsonObject(), row.getJsonObject("traits")))
                        .toList());
    }

    Future<Void> told(SqlConnection tx, int ws, int downTo) {
        return tx.preparedQuery("UPDATE cdp_profile_number SET untold = $2 WHERE ws = $1 AND untold > $2")
                .execute(Tuple.of(ws, downTo))
                .mapEmpty();
    }

    /** Workspaces in which some are left. */
    Future<List<Integer>> withUntold(SqlConnection tx) {
        return tx.preparedQuery("SELECT ws FROM cdp_profile_number WHERE untold > 0 ORDER BY ws")
                .execute()
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).toList());
    }
}
