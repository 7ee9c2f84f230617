package app.fathi.cdp;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;

/** One id of a person with all that was said of it; changed in memory while a batch is derived, then written back. */
final class Identity {
    /** Tags of one id that were given or taken last. */
    static final int MAX_TAGS = 100;

    /** Traits of one id that were set or taken away last. */
    static final int MAX_TRAITS = 500;

    /** Groups of one id that were named last. */
    static final int MAX_GROUPS = 100;

    /** What one id has agreed to or refused, by purpose and channel. */
    static final int MAX_CONSENTS = 200;

    /** Known people who may claim one visitor's id. Of an id that more of them claim nobody can say whose it is: a device that is shared. */
    static final int MAX_CLAIMANTS = 10;

    final long no;
    final IdentityGraph.Id id;
    private final Integer ownNo;
    private final int loadedNo;
    private int profileNo;
    private int addressNo;
    private String claimUserId;
    private Instant claimAt;
    private String claimId;
    private String proofUserId;
    private Instant proofAt;
    private String proofId;

    /** The users who claim this visitor's id, those that were heard of first. */
    private final JsonArray claimants;

    /** An operator has said whose it is, and no event says otherwise. */
    private boolean settled;
    /** name → [value, microseconds, messageId, source] */
    private final JsonObject traits;

    /** The same of tags: whether somebody has it. */
    private final JsonObject tags;

    /** The same of groups: whether somebody is in it. */
    private final JsonObject groups;

    /** purpose/channel → [whether, microseconds, messageId, source, evidence] */
    private final JsonObject consents;

    private Instant lastSeenAt;

    Identity(
            long no,
            IdentityGraph.Id id,
            Integer ownNo,
            int profileNo,
            int addressNo,
            String claimUserId,
            Instant claimAt,
            String claimId,
            String proofUserId,
            Instant proofAt,
            String proofId,
            JsonArray claimants,
            boolean settled,
            JsonObject traits,
            JsonObject tags,
            JsonObject groups,
            JsonObject consents,
            Instant lastSeenAt) {
        this.no = no;
        this.id = id;
        // Of rows from before there was the column it is known as long as nothing has moved.
        this.ownNo = ownNo != null
                ? ownNo
                : claimAt == null
                        ? (Integer) profileNo
                        : id.kind() == IdentityGraph.VISITOR && proofAt == null ? addressNo : null;
        this.loadedNo = profileNo;
        this.profileNo = profileNo;
        this.addressNo = addressNo;
        this.claimUserId = claimUserId;
        this.claimAt = claimAt;
        this.claimId = claimId;
        this.proofUserId = proofUserId;
        this.proofAt = proofAt;
        this.proofId = proofId;
        this.claimants = claimants;
        this.settled = settled;
        this.traits = traits;
        this.tags = tags;
        this.groups = groups;
        this.consents = consents;
        this.lastSeenAt = lastSeenAt;
    }

    int profileNo() {
        return profileNo;
    }

    int addressNo() {
        return addressNo;
    }

    /** The profile that this id was made with; null where that is not known any more. */
    Integer ownNo() {
        return ownNo;
    }

    /** Whose it was before this batch. */
    int loadedNo() {
        return loadedNo;
    }

    boolean isSettled() {
        return settled;
    }

    JsonArray claimants() {
        return claimants;
    }

    String proofUserId() {
        return proofUserId;
    }

    JsonObject traits() {
        return traits;
    }

    JsonObject tags() {
        return tags;
    }

    JsonObject groups() {
        return groups;
    }

    JsonObject consents() {
        return consents;
    }

    String claimUserId() {
        return claimUserId;
    }

    Instant claimAt() {
        return claimAt;
    }

    String claimId() {
        return claimId;
    }

    Instant proofAt() {
        return proofAt;
    }

    String proofId() {
        return proofId;
    }

    Instant lastSeenAt() {
        return lastSeenAt;
    }

    void seen(Instant at) {
        if (at.isAfter(lastSeenAt)) {
            lastSeenAt = at;
        }
    }

    /**
     * Sets a trait unless a later word stands: the order is (corrected time, messageId). A null value takes it away.
     *
     * @param source over what it came, such as {@code browser-key}
     */
    void set(String name, Object value, Instant at, String messageId, String source) {
        say(
                traits,
                name,
                new JsonArray()
                        .add(value)
                        .add(TypedTrait.micros(at))
                        .add(messageId)
                        .add(source),
                MAX_TRAITS);
    }

    /** Gives or takes a tag as {@link #set} does a trait. */
    void tag(String name, boolean has, Instant at, String messageId) {
        say(tags, name, new JsonArray().add(has).add(TypedTrait.micros(at)).add(messageId), MAX_TAGS);
    }

    /** The person is in the group. */
    void join(String group, Instant at, String messageId) {
        say(groups, group, new JsonArray().add(true).add(TypedTrait.micros(at)).add(messageId), MAX_GROUPS);
    }

    /** The person agrees to a purpose on a channel, or refuses it. */
    void consent(Consent consent, Instant at, String messageId, String source) {
        say(
                consents,
                consent.key(),
                new JsonArray()
                        .add(consent.granted())
                        .add(TypedTrait.micros(at))
                        .add(messageId)
                        .add(source)
                        .add(consent.evidence()),
                MAX_CONSENTS);
    }

    /** Puts a word down unless a later one stands, and of all words keeps the latest. */
    static void say(JsonObject words, String name, JsonArray word, int most) {
        var present = words.getJsonArray(name);
        if (present == null || isLater(word.getLong(1), word.getString(2), present)) {
            words.put(name, word);
        }
        // What goes is older than all that stays, so it makes no difference in which order things were said.
        if (words.size() > most) {
            words.remove(words.fieldNames().stream()
                    .reduce((one, other) -> isEarlier(words, one, other) ? one : other)
                    .orElseThrow());
        }
    }

    private static boolean isEarlier(JsonObject words, String one, String other) {
        var word = words.getJsonArray(one);
        var byWord = words.getJsonArray(other);
        // Words of one event are told apart by their names.
        return word.getLong(1).equals(byWord.getLong(1)) && word.getString(2).equals(byWord.getString(2))
                ? one.compareTo(other) < 0
                : !isLater(word.getLong(1), word.getString(2), byWord);
    }

    static boolean isLater(long micros, String messageId, JsonArray other) {
        var byTime = Long.compare(micros, other.getLong(1));
        return byTime != 0 ? byTime > 0 : messageId.compareTo(other.getString(2)) > 0;
    }

    /**
     * A known person claims this visitor id. The first claim by (corrected time, messageId) has what was done under it, unless
     * more people claim it than share a person's life: then it is nobody's but the device's.
     */
    void claim(Identity user, Instant at, String messageId) {
        if (!isShared() && !claimants.contains(user.id.value())) {
            claimants.add(user.id.value());
        }
        if (settled) {
            return;
        }
        if (claimAt == null || isBefore(at, messageId, claimAt, claimId)) {
            claimUserId = user.id.value();
            claimAt = at;
            claimId = messageId;
            profileNo = user.profileNo;
        }
        if (isShared() && ownNo != null) {
            profileNo = ownNo;
        }
    }

    boolean isShared() {
        return claimants.size() > MAX_CLAIMANTS;
    }

    /** The person has too many visitor ids; this one is a visitor's alone again. */
    void leave() {
        profileNo = ownNo;
        addressNo = ownNo;
    }

    private boolean hasLeft() {
        return claimUserId != null && !isShared() && ownNo != null && ownNo == profileNo;
    }

    /** An operator says whose it is, or takes that back. */
    void settle(boolean now) {
        settled = now;
    }

    /** Belongs to these profiles from now on. */
    void put(int profile, int address) {
        profileNo = profile;
        addressNo = address;
    }

    /** What a known person said of this id counts no longer. */
    void forgetClaim() {
        claimUserId = null;
        claimAt = null;
        claimId = null;
        proofUserId = null;
        proofAt = null;
        proofId = null;
    }

    /** The alias that is the latest of those that are left. */
    void aliasIs(String userId, Instant at, String messageId) {
        claimUserId = userId;
        claimAt = at;
        claimId = messageId;
    }

    /**
     * The claim is verified. The latest one decides to whom addresses that are subscribed under this id belong. Tells
     * whether it is the first: only then do the visitor's own addresses move, never those of another known person.
     */
    boolean prove(Identity user, Instant at, String messageId) {
        if (settled || hasLeft()) {
            return false;
        }
        var first = proofAt == null;
        if (first || isBefore(proofAt, proofId, at, messageId)) {
            proofUserId = user.id.value();
            proofAt = at;
            proofId = messageId;
            addressNo = user.profileNo;
        }
        return first;
    }

    /** This known person is also called so. The latest alias by (corrected time, messageId) has the name that is shown. */
    void alias(Identity user, Instant at, String messageId) {
        if (claimAt == null || isBefore(claimAt, claimId, at, messageId)) {
            claimUserId = user.id.value();
            claimAt = at;
            claimId = messageId;
        }
    }

    /** One profile has become part of another. Tells whether anything of this id belonged to it. */
    boolean move(int fromNo, int toNo) {
        if (profileNo != fromNo && addressNo != fromNo) {
            return false;
        }
        profileNo = profileNo == fromNo ? toNo : profileNo;
        addressNo = addressNo == fromNo ? toNo : addressNo;
        return true;
    }

    private static boolean isBefore(Instant at, String messageId, Instant otherAt, String otherId) {
        return at.isBefore(otherAt) || (at.equals(otherAt) && messageId.compareTo(otherId) < 0);
    }
}
