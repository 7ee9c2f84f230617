package app.fathi.platform.stream;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;

/**
 * What a service says in the transaction of its change, for others to learn. A head of a stream is locked until its
 * transaction commits, so only short set-based transactions append directly; everybody else writes here.
 */
public final class Outbox {
    private Outbox() {}

    /** Becomes part of the topic, in this order, soon after the transaction has committed. */
    public static Future<Void> write(SqlClient tx, String topic, List<StreamRecord> records) {
        return tx.preparedQuery(
                        """
                        INSERT INTO outbox (topic, part, ws, key, kind, payload)
                        SELECT $1, * FROM unnest($2::smallint[], $3::int[], $4::text[], $5::text[], $6::text[])
                        """)
                .execute(Tuple.of(
                        topic,
                        records.stream()
                                .map(record -> (short) Streams.partition(record))
                                .toArray(Short[]::new),
                        records.stream().map(StreamRecord::ws).toArray(Integer[]::new),
                        records.stream().map(StreamRecord::key).toArray(String[]::new),
                        records.stream().map(StreamRecord::kind).toArray(String[]::new),
                        records.stream()
                                .map(record -> record.payload().encode())
                                .toArray(String[]::new)))
                .mapEmpty();
    }
}
