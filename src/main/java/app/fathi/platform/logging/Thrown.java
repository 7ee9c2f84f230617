package app.fathi.platform.logging;

import io.vertx.pgclient.PgException;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.util.Set;

/**
 * What may be told of something that was thrown: its class always, its text only where that can quote nothing that somebody
 * sent us. Parsers, mail servers and the database's conversions quote what they were given, and that may be an address, a
 * name or a key.
 */
public final class Thrown {
    private static final String OURS = "app.fathi.";
    /** Of connections, files and time. */
    private static final Set<String> HARMLESS = Set.of(
            "java.io.",
            "java.net.",
            "java.nio.",
            "java.util.concurrent.",
            "javax.net.ssl.",
            "io.netty.",
            "io.vertx.core.",
            "io.vertx.sqlclient.");
    /** SQLSTATE classes whose texts speak of tables, connections and room: no data (22), no words of our own functions. */
    private static final Set<String> HARMLESS_STATES =
            Set.of("08", "23", "25", "28", "3D", "40", "42", "53", "54", "55", "57", "58");

    private Thrown() {}

    /** As a line of the log tells it. */
    public static String text(Throwable thrown) {
        var name = thrown.getClass().getName();
        var text = textOf(thrown);
        return text == null ? name : name + ": " + text;
    }

    /** Its text, or what may be said instead; null for nothing. */
    static String textOf(Throwable thrown) {
        if (thrown instanceof PgException e && e.getSqlState() != null) {
            return HARMLESS_STATES.contains(e.getSqlState().substring(0, 2))
                    ? e.getSqlState() + " " + e.getErrorMessage()
                    : e.getSqlState();
        }
        // What only wraps another says what that one says.
        var wraps = thrown.getCause() != null && thrown.getCause().toString().equals(thrown.getMessage());
        return isHarmless(thrown) && !wraps ? thrown.getMessage() : null;
    }

    private static boolean isHarmless(Throwable thrown) {
        var name = thrown.getClass().getName();
        return name.startsWith(OURS)
                || thrown instanceof NullPointerException
                || thrown instanceof IndexOutOfBoundsException
                || thrown instanceof ClassCastException
                || HARMLESS.stream().anyMatch(name::startsWith)
                        && !name.startsWith("io.vertx.core.json.")
                        && !(thrown instanceof URISyntaxException)
                        && !(thrown instanceof MalformedURLException)
                || isThrownByUs(thrown);
    }

    private static boolean isThrownByUs(Throwable thrown) {
        var stack = thrown.getStackTrace();
        return stack.length > 0 && stack[0].getClassName().startsWith(OURS);
    }
}
