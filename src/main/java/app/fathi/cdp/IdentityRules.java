package app.fathi.cdp;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * By which ids a workspace knows people.
 *
 * @param kinds the most important first: of the ids of one event that do not all fit the last ones are left out
 */
record IdentityRules(List<Kind> kinds) {
    static final String USER_ID = "userId";
    static final String ANONYMOUS_ID = "anonymousId";
    static final String EMAIL = "email";
    static final String PHONE = "phone";

    /** As it is without any: nobody is known by anything else. */
    static final IdentityRules DEFAULT = new IdentityRules(List.of(
            new Kind(USER_ID, IdentitiesStore.MAX_USER_IDS, List.of()),
            new Kind(ANONYMOUS_ID, Crowds.MAX_VISITOR_IDS, List.of())));

    /**
     * @param limit how many of them one person may have
     * @param blocked values that name nobody, in small letters; a star at the beginning or end stands for anything
     */
    record Kind(String name, int limit, List<String> blocked) {
        boolean isBlocked(String value) {
            var small = value.toLowerCase(Locale.ROOT);
            return blocked.stream().anyMatch(pattern -> matches(pattern, small));
        }

        private static boolean matches(String pattern, String value) {
            var open = pattern.startsWith("*");
            var rest = open ? pattern.substring(1) : pattern;
            if (!rest.endsWith("*")) {
                return open ? value.endsWith(rest) : value.equals(rest);
            }
            rest = rest.substring(0, rest.length() - 1);
            return open ? value.contains(rest) : value.startsWith(rest);
        }
    }

    /** Whether people are known by anything beside {@code userId} and {@code anonymousId}. */
    boolean knowsMore() {
        return more().findAny().isPresent();
    }

    private Stream<Kind> more() {
        return kinds.stream()
                .filter(one -> !one.name().equals(USER_ID) && !one.name().equals(ANONYMOUS_ID));
    }

    /** One of those beside {@code userId} and {@code anonymousId}. */
    Optional<Kind> more(String name) {
        return more().filter(one -> one.name().equals(name)).findFirst();
    }

    /** 0 for the most important. */
    int priority(String name) {
        return kinds.stream().map(Kind::name).toList().indexOf(name);
    }

    int limit(String name) {
        return kinds.stream()
                .filter(one -> one.name().equals(name))
                .mapToInt(Kind::limit)
                .findFirst()
                .orElse(0);
    }

    JsonArray toJson() {
        var json = new JsonArray();
        kinds.forEach(one -> json.add(new JsonObject()
                .put("kind", one.name())
                .put("limit", one.limit())
                .put("blocked", new JsonArray(one.blocked()))));
        return json;
    }

    static IdentityRules of(JsonArray json) {
        return new IdentityRules(json.stream()
                .map(JsonObject.class::cast)
                .map(one -> new Kind(
                        one.getString("kind"),
                        one.getInteger("limit"),
                        one.getJsonArray("blocked", new JsonArray()).stream()
                                .map(String.class::cast)
                                .toList()))
                .toList());
    }
}
