package app.fathi.cdp;

import app.fathi.cdp.values.Value;
import io.vertx.core.json.JsonArray;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/** One id of a person with all that was said of it; changed in memory while a batch is derived, then written back. */
final class Identity {
    /** When somebody was seen is told to within this: who is on a page all the time is not written down all the time. */
    static final Duration SEEN_STEP = Duration.ofMinutes(15);

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
    private final Words traits;

    /** The same of tags: whether somebody has it. */
    private final Words tags;

    /** The same of groups: whether somebody is in it. */
    private final Words groups;

    /** purpose/channel → [whether, microseconds, messageId, source, evidence] */
    private final Words consents;

    private final Instant loadedSeenAt;
    private Instant lastSeenAt;
    /** Something is other than in the database, beside when it was seen. */
    private boolean changed;

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
            String traits,
            String tags,
            String groups,
            String consents,
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
        this.traits = new Words(traits, MAX_TRAITS);
        this.tags = new Words(tags, MAX_TAGS);
        this.groups = new Words(groups, MAX_GROUPS);
        this.consents = new Words(consents, MAX_CONSENTS);
        this.loadedSeenAt = lastSeenAt;
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

    Words traits() {
        return traits;
    }

    Words tags() {
        return tags;
    }

    Words groups() {
        return groups;
    }

    Words consents() {
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

    boolean isChanged() {
        return changed;
    }

    /** Seen so long after the moment that is written down that it has to be written again. */
    boolean isSeenAgain() {
        return lastSeenAt.isAfter(loadedSeenAt.plus(SEEN_STEP));
    }

    /**
     * Sets a trait unless a later word stands: the order is (corrected time, messageId). A null value takes it away. Like all
     * that is said here it tells whether anything is other than before.
     *
     * @param event says when, and over what it came
     * @param oldest names of traits of which the first word stands
     */
    boolean set(String name, Object value, Arrived event, Set<String> oldest) {
        var word = new JsonArray()
                .add(value)
                .add(TypedTrait.micros(event.at()))
                .add(event.messageId())
                .add(event.source());
        return said(traits.say(name, event.isOfStaff() ? word.add(true) : word, oldest));
    }

    /** Gives or takes a tag as {@link #set} does a trait. */
    boolean tag(String name, boolean has, Instant at, String messageId) {
        return said(tags.say(
                name, new JsonArray().add(has).add(TypedTrait.micros(at)).add(messageId)));
    }

    /** The person is in the group. */
    boolean join(String group, Instant at, String messageId) {
        return said(groups.say(
                group, new JsonArray().add(true).add(TypedTrait.micros(at)).add(messageId)));
    }

    /** The person agrees to a purpose on a channel, or refuses it. */
    boolean consent(Consent consent, Instant at, String messageId, String source) {
        return said(consents.say(
                consent.key(),
                new JsonArray()
                        .add(consent.granted())
                        .add(TypedTrait.micros(at))
                        .add(messageId)
                        .add(source)
                        .add(consent.evidence())));
    }

    /**
     * What was agreed to or refused under a visitor's id, this known person has agreed to or refused; without proof that they were the visitor
     * only what was refused.
     */
    void hear(Identity visitor) {
        visitor.consents.read().forEach(entry -> {
            var word = (JsonArray) entry.getValue();
            if (visitor.addressNo == visitor.profileNo || !word.getBoolean(0)) {
                said(consents.say(entry.getKey(), word));
            }
        });
    }

    private boolean said(boolean something) {
        changed |= something;
        return something;
    }

    /**
     * A known person claims this visitor id. The first claim by (corrected time, messageId) has what was done under it, unless
     * more people claim it than share a person's life: then it is nobody's but the device's.
     */
    void claim(Identity user, Instant at, String messageId) {
        if (!isShared() && !claimants.contains(user.id.value())) {
            claimants.add(user.id.value());
            changed = true;
        }
        if (settled) {
            return;
        }
        if (claimAt == null || isBefore(at, messageId, claimAt, claimId)) {
            claimUserId = user.id.value();
            claimAt = at;
            claimId = messageId;
            profileNo = user.profileNo;
            changed = true;
        }
        if (isShared() && ownNo != null && profileNo != ownNo) {
            profileNo = ownNo;
            changed = true;
        }
    }

    boolean isShared() {
        return claimants.size() > MAX_CLAIMANTS;
    }

    /** The person has too many visitor ids; this one is a visitor's alone again. */
    void leave() {
        profileNo = ownNo;
        addressNo = ownNo;
        changed = true;
    }

    private boolean hasLeft() {
        return claimUserId != null && !isShared() && ownNo != null && ownNo == profileNo;
    }

    /** An operator says whose it is, or takes that back. */
    void settle(boolean now) {
        settled = now;
        changed = true;
    }

    /** Belongs to these profiles from now on. */
    void put(int profile, int address) {
        profileNo = profile;
        addressNo = address;
        changed = true;
    }

    /** What a known person said of this id counts no longer. */
    void forgetClaim() {
        claimUserId = null;
        claimAt = null;
        claimId = null;
        proofUserId = null;
        proofAt = null;
        proofId = null;
        changed = true;
    }

    /** The alias that is the latest of those that are left. */
    void aliasIs(String userId, Instant at, String messageId) {
        claimUserId = userId;
        claimAt = at;
        claimId = messageId;
        changed = true;
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
            changed = true;
        }
        return first;
    }

    /** This known person is also called so. The latest alias by (corrected time, messageId) has the name that is shown. */
    void alias(Identity user, Instant at, String messageId) {
        if (claimAt == null || isBefore(claimAt, claimId, at, messageId)) {
            claimUserId = user.id.value();
            claimAt = at;
            claimId = messageId;
            changed = true;
        }
    }

    /** One profile has become part of another. Tells whether anything of this id belonged to it. */
    boolean move(int fromNo, int toNo) {
        if (profileNo != fromNo && addressNo != fromNo) {
            return false;
        }
        profileNo = profileNo == fromNo ? toNo : profileNo;
        addressNo = addressNo == fromNo ? toNo : addressNo;
        changed = true;
        return true;
    }

    private static boolean isBefore(Instant at, String messageId, Instant otherAt, String otherId) {
        return at.isBefore(otherAt) || (at.equals(otherAt) && Value.compare(messageId, otherId) < 0);
    }
}
