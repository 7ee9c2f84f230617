package app.fathi.cdp;

import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One event as {@link Ingest} wrote it.
 *
 * @param text the payload as it is stored
 * @param device what it tells as {@link Device} reads it
 */
record Arrived(
        int ws,
        String kind,
        JsonObject payload,
        String text,
        String messageId,
        Instant at,
        boolean verified,
        boolean trusted,
        Map<String, String> device) {
    /** Stands in the payload of what staff say. */
    static final String OF_STAFF = "ofStaff";

    private static final String ALIAS = "alias";
    private static final int MAX_TAG_CHARACTERS = 64;
    /** Events that give a tag to a person or take it away: the one in their properties. */
    private static final Map<String, Boolean> TAGGINGS = Map.of("Tag Added", true, "Tag Removed", false);

    record Tagging(String name, boolean has) {}

    record Group(int ws, String id) {}

    static Arrived of(Consumed consumed) {
        var payload = consumed.record().payload();
        return new Arrived(
                consumed.record().ws(),
                consumed.record().kind(),
                payload,
                consumed.text(),
                payload.getString("messageId"),
                // As they are stored: what is finer would order one batch and not two.
                Instant.parse(payload.getString("at")).truncatedTo(ChronoUnit.MICROS),
                payload.getBoolean("verified", false),
                payload.getBoolean("trusted", false),
                Device.of(payload));
    }

    /** Whether it says anything that is kept as a trait. */
    boolean saysTraits() {
        return kind.equals("identify") || !device.isEmpty() || saysQuietHours();
    }

    /** What a {@code track} says of a tag; null when it says nothing of one. */
    Tagging tag() {
        var has = kind.equals("track") ? TAGGINGS.get(payload.getString("event", "")) : null;
        if (has == null
                || !(payload.getJsonObject("properties", new JsonObject()).getValue("tag") instanceof String tag)) {
            return null;
        }
        var name = tag.strip();
        return name.isEmpty() || name.codePointCount(0, name.length()) > MAX_TAG_CHARACTERS
                ? null
                : new Tagging(name, has);
    }

    /**
     * What a {@code track} says the person has agreed to or refused. Nobody says it for a known person over a public key
     * without proof.
     */
    Optional<Consent> consent() {
        return kind.equals("track")
                        && Consent.EVENT.equals(payload.getString("event"))
                        && (verified || payload.getString("userId") == null)
                ? Consent.of(payload.getJsonObject("properties", new JsonObject()))
                : Optional.empty();
    }

    /** Whether it says, as {@link #consent} does, when the person does not want to be disturbed. */
    boolean saysQuietHours() {
        return kind.equals("track")
                && QuietHours.EVENT.equals(payload.getString("event"))
                && (verified || payload.getString("userId") == null);
    }

    /** The group that a {@code group} puts the person into; null when it is none. */
    Group group() {
        return kind.equals("group") ? new Group(ws, payload.getString("groupId")) : null;
    }

    /** Whether staff have said it of a person: {@link ProfilesService} puts it so, and no door lets it in. */
    boolean isOfStaff() {
        return payload.getBoolean(OF_STAFF, false);
    }

    String source() {
        return payload.getString("source");
    }

    Id user() {
        return payload.getString("userId") == null ? null : Id.user(ws, payload.getString("userId"));
    }

    Id visitor() {
        return payload.getString("anonymousId") == null ? null : Id.visitor(ws, payload.getString("anonymousId"));
    }

    /** The id that an alias gives up, taken as a visitor's. */
    Id formerVisitor() {
        return previousId() == null ? null : Id.visitor(ws, previousId());
    }

    /** The same, taken as a known person's, where the event is trusted with that. */
    Id formerUser() {
        return previousId() == null || !trusted ? null : Id.user(ws, previousId());
    }

    private String previousId() {
        return kind.equals(ALIAS) ? payload.getString("previousId") : null;
    }

    /** The ids beside these that it tells of a known person. */
    List<Bond> bonds() {
        return bonds(false);
    }

    /** Those that say who it is of, and not only what is known of them. */
    Stream<Bond.Told> called() {
        return bonds(true).stream().map(Bond::told);
    }

    private List<Bond> bonds(boolean external) {
        var told = payload.getJsonArray(CarriedIds.KNOWN_BY);
        return told == null
                ? List.of()
                : told.stream()
                        .map(JsonArray.class::cast)
                        .filter(one -> !external || one.getBoolean(2))
                        .map(one -> new Bond(
                                ws,
                                payload.getString("userId"),
                                one.getString(0),
                                one.getString(1),
                                at,
                                messageId,
                                Bond.WAITING))
                        .toList();
    }

    Stream<Id> visitors() {
        return Stream.of(visitor(), formerVisitor()).filter(Objects::nonNull).distinct();
    }

    Stream<Id> ids() {
        return Stream.concat(Stream.of(user(), formerUser()).filter(Objects::nonNull), visitors());
    }
}
