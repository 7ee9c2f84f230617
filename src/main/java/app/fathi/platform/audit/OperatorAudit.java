package app.fathi.platform.audit;

import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;

/** The audit trail for who works at the machine itself, with the operator's tool: the same rows, over JDBC. */
public final class OperatorAudit {
    /** The workspace of the first start: what concerns the whole installation is told there. */
    public static final int FIRST_WORKSPACE = 1;

    private OperatorAudit() {}

    /** The account of the operating system, as the trail names it. */
    public static String operator() {
        return System.getProperty("user.name");
    }

    /** Records the change in the change's own transaction, see {@link Audit#record}. */
    public static void record(
            Connection tx,
            int ws,
            String operation,
            String objectKind,
            Object objectId,
            JsonObject before,
            JsonObject after)
            throws SQLException {
        AuditStore.insert(tx, AuditEvent.ofOperator(ws, operation, operator(), objectKind, objectId, before, after));
    }
}
