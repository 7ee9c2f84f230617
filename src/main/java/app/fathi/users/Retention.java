package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.retention.Kind;
import io.vertx.core.json.JsonObject;
import java.util.EnumMap;
import java.util.Map;

/**
 * How long a workspace keeps what.
 *
 * @param days what it has said; of the others it keeps what the installation keeps
 */
record Retention(Map<Kind, Integer> days) {

    Retention {
        days = Map.copyOf(days);
    }

    /** Of the contract's object, which stands in place of all that there was. */
    static Retention of(JsonObject given, Config config) {
        var days = new EnumMap<Kind, Integer>(Kind.class);
        for (var kind : Kind.values()) {
            var wanted = given.getInteger(kind.word());
            if (wanted != null) {
                days.put(kind, allowed(kind, wanted, config));
            }
        }
        return new Retention(days);
    }

    private static int allowed(Kind kind, int wanted, Config config) {
        int longest = kind.longest(config);
        if (wanted > longest) {
            throw ProblemException.unprocessable(
                    "/retention/" + kind.word(),
                    "This installation keeps it for " + longest + " days (" + kind.setting()
                            + "), and no workspace for longer: say as many at most, or null for as many.");
        }
        int least = Math.min(longest, config.retention().auditLeastDays());
        if (kind == Kind.AUDIT && wanted < least) {
            throw ProblemException.unprocessable(
                    "/retention/" + kind.word(),
                    "This installation keeps every audit trail for " + least
                            + " days at least (retention.auditLeastDays).");
        }
        return wanted;
    }

    JsonObject toJson() {
        var json = new JsonObject();
        for (var kind : Kind.values()) {
            json.put(kind.word(), days.get(kind));
        }
        return json;
    }
}
