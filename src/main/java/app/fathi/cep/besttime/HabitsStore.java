package app.fathi.cep.besttime;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** SQL of {@code cep_habits} and {@code cep_habits_all}. */
public final class HabitsStore {
    private HabitsStore() {}

    static final String READ = "SELECT profile_no, habits FROM cep_habits WHERE ws = $1 AND profile_no = ANY ($2)";

    /** Of these people; who was sent nothing yet is left out. */
    public static Future<Map<Integer, Habits>> read(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(READ)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(HabitsStore::habits);
    }

    static final String LOCK = "SELECT person AS profile_no, counted AS habits FROM cep_lock_habits($1, $2)";

    /** Of each of these people, until the transaction ends. */
    static Future<Map<Integer, Habits>> lock(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(LOCK)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(HabitsStore::habits);
    }

    static final String WRITE =
            """
            INSERT INTO cep_habits (ws, profile_no, habits)
            SELECT $1, h.* FROM unnest($2::int[], $3::bytea[]) AS h (profile_no, habits)
            ON CONFLICT (ws, profile_no) DO UPDATE SET habits = excluded.habits
            """;

    /** Of people whose rows are locked. */
    static Future<Void> write(SqlConnection tx, int ws, SortedMap<Integer, Habits> people) {
        return tx.preparedQuery(WRITE)
                .execute(Tuple.of(
                        ws,
                        people.keySet().toArray(Integer[]::new),
                        people.values().stream()
                                .map(one -> Buffer.buffer(one.octets()))
                                .toArray(Buffer[]::new)))
                .mapEmpty();
    }

    static Future<Integer> erase(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM cep_habits WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    private static Map<Integer, Habits> habits(Iterable<Row> rows) {
        var people = new HashMap<Integer, Habits>();
        rows.forEach(row -> people.put(
                row.getInteger("profile_no"), Habits.of(row.getBuffer("habits").getBytes())));
        return people;
    }

    static final String READ_ALL = "SELECT day, tried, liked FROM cep_habits_all WHERE ws = $1";

    /** Of everybody; {@link Habits#NONE} where nobody was sent anything yet. */
    public static Future<Habits> readAll(SqlClient client, int ws) {
        return client.preparedQuery(READ_ALL).execute(Tuple.of(ws)).map(HabitsStore::all);
    }

    /** The same, until the transaction ends. */
    static Future<Habits> lockAll(SqlConnection tx, int ws) {
        return tx.preparedQuery(READ_ALL + " FOR UPDATE").execute(Tuple.of(ws)).map(HabitsStore::all);
    }

    private static Habits all(Iterable<Row> rows) {
        for (var row : rows) {
            return new Habits(
                    row.getInteger("day"),
                    numbers(row.getArrayOfDoubles("tried")),
                    numbers(row.getArrayOfDoubles("liked")));
        }
        return Habits.NONE;
    }

    private static double[] numbers(Double[] all) {
        return Stream.of(all).mapToDouble(Double::doubleValue).toArray();
    }

    static Future<Void> writeAll(SqlConnection tx, int ws, Habits all) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cep_habits_all (ws, day, tried, liked) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (ws) DO UPDATE SET day = excluded.day, tried = excluded.tried, liked = excluded.liked
                        """)
                .execute(Tuple.of(ws, (int) all.day(), boxed(all.tried()), boxed(all.liked())))
                .mapEmpty();
    }

    private static Double[] boxed(double[] numbers) {
        return DoubleStream.of(numbers).boxed().toArray(Double[]::new);
    }
}
