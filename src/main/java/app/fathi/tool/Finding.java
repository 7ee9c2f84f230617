package app.fathi.tool;

import io.vertx.core.json.JsonObject;
import java.util.Locale;

/**
 * What the doctor found at one place.
 *
 * @param advice what to do about it; empty when there is nothing to do
 */
record Finding(String name, Status status, String detail, String advice) {

    /** How bad it is, the least first: its number is the exit code. */
    enum Status {
        OK,
        /** It works, and somebody should look. Also what could not be seen. */
        WARNING,
        FAULT;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String name, String detail) {
        return new Finding(name, Status.OK, detail, "");
    }

    static Finding warning(String name, String detail, String advice) {
        return new Finding(name, Status.WARNING, detail, advice);
    }

    static Finding fault(String name, String detail, String advice) {
        return new Finding(name, Status.FAULT, detail, advice);
    }

    /** One line. */
    String line() {
        return String.format(
                Locale.ROOT, "%-7s  %-13s  %s%s", status.word(), name, detail, advice.isEmpty() ? "" : " → " + advice);
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("name", name)
                .put("status", status.word())
                .put("detail", detail)
                .put("advice", advice.isEmpty() ? null : advice);
    }
}
