package app.fathi.users;

import app.fathi.roles.RoleMapping;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.json.pointer.JsonPointer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/** What a token says of whom it was made for. */
record ForeignClaims(JsonObject said) {
    private static final String POINTER = "/";
    /** The end of the year 9999, in seconds. */
    private static final long LATEST = 253_402_300_799L;

    private static final Pattern EMAIL = Pattern.compile("[^@\\s\\p{Cntrl}]+@[^@\\s\\p{Cntrl}]+");
    private static final int MAX_EMAIL = 320;

    /** A claim that has to have this value, or to have it among others. */
    record Required(String claim, String value) {}

    /** Whether a claim can be looked for: by its name, or by a JSON pointer to what is inside one. */
    static boolean isWellFormed(String claim) {
        try {
            return !claim.startsWith(POINTER) || JsonPointer.from(claim) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** What stands there: one value or those of a list, as texts. What has parts of its own says nothing. */
    List<String> values(String claim) {
        var found = claim.startsWith(POINTER) ? JsonPointer.from(claim).queryJson(said) : said.getValue(claim);
        var values = new ArrayList<String>();
        for (var each : found instanceof JsonArray several ? several : new JsonArray().add(found)) {
            if (each instanceof String || each instanceof Number || each instanceof Boolean) {
                values.add(each.toString());
            }
        }
        return values;
    }

    /** The claim as a text, null when it is none, or empty. */
    String text(String claim) {
        return said.getValue(claim) instanceof String text && !text.isEmpty() ? text : null;
    }

    boolean has(Collection<Required> required) {
        return required.stream().allMatch(each -> values(each.claim()).contains(each.value()));
    }

    /** The roles that they give, each once. */
    List<String> roles(Collection<RoleMapping> mappings) {
        return mappings.stream()
                .filter(each -> each.claim() == null || values(each.claim()).contains(each.value()))
                .map(RoleMapping::role)
                .distinct()
                .toList();
    }

    /** With more from the same provider. What this says already stands; an address and whether it is theirs stay together. */
    ForeignClaims completedBy(JsonObject more) {
        var all = more.copy();
        if (said.containsKey("email")) {
            all.remove("email_verified");
            all.remove("xms_edov");
        }
        return new ForeignClaims(all.mergeIn(said));
    }

    /** When the person last showed the provider who they are, null when it does not say. */
    Instant signedInAt() {
        return said.getValue("auth_time") instanceof Number number
                ? Instant.ofEpochSecond(Math.clamp(number.longValue(), 0, LATEST))
                : null;
    }

    /** Whether they used one of these means then. */
    boolean proves(Collection<String> secondFactor) {
        return secondFactor.stream()
                .anyMatch(each -> values("amr").contains(each) || values("acr").contains(each));
    }

    /**
     * The e-mail address, if the provider says that it is theirs: anybody may write anybody's into a profile. {@code
     * xms_edov} is how Microsoft Entra says it.
     */
    String verifiedEmail() {
        var email = text("email");
        var theirs = isTrue("email_verified") || isTrue("xms_edov");
        return theirs
                        && email != null
                        && email.length() <= MAX_EMAIL
                        && EMAIL.matcher(email).matches()
                ? email
                : null;
    }

    private boolean isTrue(String claim) {
        var value = said.getValue(claim);
        return value != null && List.of("true", "1").contains(value.toString());
    }
}
