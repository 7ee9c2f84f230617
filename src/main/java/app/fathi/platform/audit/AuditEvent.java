package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.security.Caller;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.UUID;

/**
 * One line of the trail, before it has its number.
 *
 * @param result {@code success}, {@code denied} or {@code failed}
 * @param objectKind null when nothing in particular was touched
 * @param before what was, {@code after} what is: the changed fields only, never a secret; null when there is nothing
 */
record AuditEvent(
        int ws,
        String operation,
        String result,
        String actorKind,
        UUID actorId,
        String actorName,
        String objectKind,
        String objectId,
        String remoteAddress,
        String requestId,
        JsonObject before,
        JsonObject after) {

    static AuditEvent of(
            Call call,
            int ws,
            String operation,
            String result,
            String objectKind,
            Object objectId,
            JsonObject before,
            JsonObject after) {
        var caller = call.caller();
        return new AuditEvent(
                ws,
                operation,
                result,
                kind(caller),
                caller.id(),
                caller.name(),
                objectKind,
                objectId == null ? null : objectId.toString(),
                call.remoteAddress(),
                call.requestId(),
                before,
                after);
    }

    /** What happened without anybody asking, such as the first start. */
    static AuditEvent ofSystem(int ws, String operation, String objectKind, Object objectId, JsonObject after) {
        return new AuditEvent(
                ws,
                operation,
                "success",
                "system",
                null,
                "Fathi",
                objectKind,
                objectId.toString(),
                "",
                "-",
                null,
                after);
    }

    /** What somebody did at the machine itself, with the operator's tool. */
    static AuditEvent ofOperator(
            int ws,
            String operation,
            String operator,
            String objectKind,
            Object objectId,
            JsonObject before,
            JsonObject after) {
        return new AuditEvent(
                ws,
                operation,
                "success",
                "operator",
                null,
                operator,
                objectKind,
                objectId.toString(),
                "",
                "-",
                before,
                after);
    }

    private static String kind(Caller caller) {
        return caller.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What may be personal, as it is digested and stored; never a secret. */
    String detail() {
        return new JsonObject()
                .put("remoteAddress", remoteAddress)
                .put("before", Hidden.in(before))
                .put("after", Hidden.in(after))
                .encode();
    }
}
