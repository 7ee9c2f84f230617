package app.fathi.platform.alerts;

import app.fathi.platform.logging.Thrown;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where alerts are raised. An alert is a row before it is anything else, so no crash loses one; the row also makes many of them
 * one: what goes wrong again within a day is counted, not told again by everybody who sees it. The first is an ERROR in the log
 * and {@code system.alert} among the facts.
 */
public final class Alerts {
    private static final Logger LOG = LoggerFactory.getLogger(Alerts.class);
    private static final String TOPIC = "facts";

    private Alerts() {}

    /** In the transaction of what went wrong. */
    public static Future<Void> raise(SqlConnection tx, List<Alert> alerts) {
        if (alerts.isEmpty()) {
            return Future.succeededFuture();
        }
        return AlertsStore.raise(tx, alerts).compose(fresh -> {
            tx.transaction().completion().onSuccess(committed -> fresh.forEach(Alerts::log));
            return fresh.isEmpty()
                    ? Future.succeededFuture()
                    : Outbox.write(tx, TOPIC, fresh.stream().map(Alerts::fact).toList());
        });
    }

    /** By itself. What cannot be written is in the log at least; succeeds either way. */
    public static Future<Void> raise(Pool pool, Alert alert) {
        return pool.withTransaction(tx -> raise(tx, List.of(alert))).recover(failure -> {
            log(alert);
            LOG.warn("The alert could not be put down: {}", Thrown.text(failure));
            return Future.succeededFuture();
        });
    }

    private static void log(Alert alert) {
        LOG.error("Alert {} ({}): {}", alert.kind().word(), alert.object(), alert.text());
    }

    private static StreamRecord fact(Alert alert) {
        return new StreamRecord(
                alert.ws(),
                alert.kind().word() + "|" + alert.object(),
                "system.alert",
                new JsonObject()
                        .put("kind", alert.kind().word())
                        .put("object", alert.object())
                        .put("text", alert.text()));
    }
}
