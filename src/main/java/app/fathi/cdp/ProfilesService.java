package app.fathi.cdp;

import app.fathi.cdp.ProfilesStore.Happened;
import app.fathi.cdp.ProfilesStore.Shown;
import app.fathi.cdp.WordsStore.Told;
import app.fathi.cdp.schemas.Pins;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** People as staff look at them and put them right. */
final class ProfilesService {
    static final String BY_USER_ID = "user:";
    static final String BY_ANONYMOUS_ID = "anonymous:";
    private static final String PERSONAL = "personal:read";
    private static final String COMPUTED = "computed";
    static final OffsetDateTime END_OF_TIME = OffsetDateTime.parse("9999-12-31T23:59:59Z");

    private final Transactions transactions;
    private final Deriver deriver;
    private final ComputedTraits computed;
    private final Authorities authorities;
    private final Audit audit;
    private final Cursor cursor;
    private final InstantSource clock;
    private final ProfilesStore store = new ProfilesStore();
    private final WordsStore words = new WordsStore();
    private final GroupsStore groups = new GroupsStore();

    ProfilesService(
            Transactions transactions,
            Deriver deriver,
            ComputedTraits computed,
            Authorities authorities,
            Audit audit,
            Cursor cursor,
            InstantSource clock) {
        this.transactions = transactions;
        this.deriver = deriver;
        this.computed = computed;
        this.authorities = authorities;
        this.audit = audit;
        this.cursor = cursor;
        this.clock = clock;
    }

    // ---- looking ----

    Future<Reply> get(Call call) {
        return find(transactions.pool(), call)
                .compose(profile -> whole(transactions.pool(), call.ws(), profile))
                .map(shown -> Reply.ok(shown, shown.getLong("version")));
    }

    /** Whoever may not see personal data may not find people by it either: the answer would tell what is hidden. */
    Future<Reply> list(Call call) {
        var given = call.parameters();
        var filter = new ProfilesStore.Filter(
                given.getString("q"), given.getString("trait"), given.getString("value"), given.getString("tag"));
        if ((filter.trait() == null) != (filter.value() == null)) {
            throw ProblemException.invalid(
                    filter.trait() == null ? "trait" : "value", "The parameters trait and value go together.");
        }
        var before =
                cursor.position(call).map(position -> (int) position.number(0)).orElse(Integer.MAX_VALUE);
        var bySecrets = filter.q() != null || filter.trait() != null || filter.tag() != null;
        return (bySecrets ? authorities.permits(call.caller(), PERSONAL) : Future.succeededFuture(true))
                .compose(may -> may
                        ? store.list(transactions.pool(), call.ws(), filter, before, Cursor.limit(call) + 1)
                        : Future.failedFuture(ProblemException.forbidden(
                                "Finding people by what is personal needs the permission " + PERSONAL + ".")))
                .map(rows -> Reply.ok(cursor.page(call, rows, ProfilesService::listed, row -> List.of(row.no()))));
    }

    Future<Reply> timeline(Call call) {
        var position = cursor.position(call);
        var kind = call.parameters().getString("type");
        var name = call.parameters().getString("name");
        return find(transactions.pool(), call)
                .compose(profile -> store.timeline(
                        transactions.pool(),
                        call.ws(),
                        List.of(profile.no()),
                        position.map(at -> at.time(0)).orElse(END_OF_TIME),
                        position.map(at -> at.text(1)).orElse(""),
                        kind,
                        name,
                        Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(
                        cursor.page(call, rows, ProfilesService::event, row -> List.of(row.at(), row.messageId()))));
    }

    Future<Shown> find(SqlClient client, Call call) {
        return find(store, client, call).map(found -> found.orElseThrow(() -> ProblemException.notFound("profile")));
    }

    /** The one that a request names in its path. */
    static Future<Optional<Shown>> find(ProfilesStore store, SqlClient client, Call call) {
        var name = call.parameters().getString("id");
        if (!name.startsWith(BY_USER_ID) && !name.startsWith(BY_ANONYMOUS_ID)) {
            call.id("id", "profile");
        }
        return find(store, client, call.ws(), name);
    }

    /** By the profile's id, or by {@code user:<userId>} or {@code anonymous:<anonymousId>}; empty where there is none. */
    Future<Optional<Shown>> find(SqlClient client, int ws, String name) {
        return find(store, client, ws, name);
    }

    private static Future<Optional<Shown>> find(ProfilesStore store, SqlClient client, int ws, String name) {
        if (name.startsWith(BY_USER_ID)) {
            return store.show(client, ws, null, IdentityGraph.USER, name.substring(BY_USER_ID.length()));
        }
        if (name.startsWith(BY_ANONYMOUS_ID)) {
            return store.show(client, ws, null, IdentityGraph.VISITOR, name.substring(BY_ANONYMOUS_ID.length()));
        }
        try {
            return store.show(client, ws, UUID.fromString(name), null, null);
        } catch (IllegalArgumentException e) {
            return Future.succeededFuture(Optional.empty());
        }
    }

    /** As {@code getProfile} shows it. */
    Future<JsonObject> whole(SqlClient client, int ws, Shown profile) {
        return words.told(client, ws, profile.no()).compose(told -> computed.changes(client, ws, profile.no())
                .compose(changes -> computed.names(client, ws).compose(names -> {
                    // What is computed stands in place of all that is said.
                    changes.keySet().retainAll(names);
                    var sources = sources(profile, told, changes);
                    return groups.groups(client, ws, profile.groups())
                            .map(groupTraits -> shown(profile, sources, groupTraits));
                })));
    }

    private static JsonObject sources(Shown profile, List<Told> told, Map<String, Instant> computed) {
        var traits = ownTraits(profile);
        var sources = new JsonObject();
        told.stream()
                .filter(one -> traits.containsKey(one.name()))
                .forEach(one -> sources.put(
                        one.name(), source(at(one.micros()), one.source() == null ? "unknown" : one.source())));
        computed.forEach((name, at) -> {
            if (traits.containsKey(name)) {
                sources.put(name, source(at, COMPUTED));
            }
        });
        return sources;
    }

    private static JsonObject source(Instant changedAt, String source) {
        return new JsonObject().put("changedAt", changedAt.toString()).put("source", source);
    }

    private static JsonObject shown(Shown profile, JsonObject sources, Map<String, JsonObject> groupTraits) {
        var groups = new JsonArray();
        for (var id : profile.groups()) {
            var inForce = new JsonObject();
            groupTraits.getOrDefault(id, new JsonObject()).forEach(word -> {
                var value = ((JsonArray) word.getValue()).getValue(0);
                if (value != null) {
                    inForce.put(word.getKey(), value);
                }
            });
            groups.add(new JsonObject().put("id", id).put("traits", inForce));
        }
        return listed(profile)
                .put("otherUserIds", profile.otherUserIds())
                .put("anonymousIds", profile.anonymousIds())
                .put("traitSources", sources)
                .put("groups", groups);
    }

    private static JsonObject listed(Shown profile) {
        var device = new JsonObject();
        for (var name : Device.NAMES) {
            device.put(name.substring(Device.PREFIX.length()), profile.traits().getString(name));
        }
        return new JsonObject()
                .put("id", profile.id().toString())
                .put("userId", profile.userId())
                .put("traits", ownTraits(profile))
                .put("tags", profile.tags())
                .put("device", device)
                .put("firstSeenAt", profile.firstSeenAt().toString())
                .put("lastSeenAt", profile.lastSeenAt().toString())
                .put("version", profile.version());
    }

    /** Those that somebody has set. */
    private static JsonObject ownTraits(Shown profile) {
        var traits = profile.traits().copy();
        traits.getMap().keySet().removeIf(name -> name.startsWith(Device.PREFIX));
        return traits;
    }

    /** What came, without what we have concluded from who sent it. */
    static JsonObject event(Happened happened) {
        var payload = happened.payload();
        return new JsonObject()
                .put("messageId", happened.messageId())
                .put("type", happened.kind())
                .put("name", happened.name())
                .put("at", happened.at().toString())
                .put("receivedAt", payload.getString("receivedAt"))
                .put("userId", payload.getString("userId"))
                .put("anonymousId", payload.getString("anonymousId"))
                .put("properties", payload.getJsonObject("properties", new JsonObject()))
                .put("traits", payload.getJsonObject("traits", new JsonObject()))
                .put("context", payload.getJsonObject("context", new JsonObject()))
                .put("source", payload.getString("source", "unknown"))
                .put(Pins.FLAGS, payload.getJsonArray(Pins.FLAGS, new JsonArray()));
    }

    private static Instant at(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    // ---- changing ----

    /**
     * What staff say of a person are events like all others, derived in the transaction of the change: whoever replays the
     * events gets the same person.
     */
    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var body = call.json();
        var traits = body.getJsonObject("traits", new JsonObject());
        traits.fieldNames().stream()
                .filter(name -> name.startsWith(Device.PREFIX))
                .findFirst()
                .ifPresent(name -> {
                    throw ProblemException.unprocessable(
                            "/traits/" + EventFields.pointer(name),
                            "Names that begin with $ are for what browsers tell.");
                });
        EventFields.beyondDoubles(traits).ifPresent(name -> {
            throw ProblemException.unprocessable(
                    "/traits/" + EventFields.pointer(name),
                    "A whole number beyond 2^53 loses digits. Send it as a text.");
        });
        var add = texts(body, "addTags");
        var remove = texts(body, "removeTags");
        if (add.stream().anyMatch(new HashSet<>(remove)::contains)) {
            throw ProblemException.unprocessable("/removeTags", "A tag cannot be given and taken away at once.");
        }
        return transactions
                .run(tx -> requireSaid(tx, call.ws(), traits)
                        .compose(said -> find(tx, call))
                        .compose(before -> {
                            requireVersion(before.version(), version);
                            return say(tx, call, before, said(traits, add, remove))
                                    .compose(done -> find(tx, call))
                                    .compose(after -> {
                                        // The deriver has counted one further; whoever came between has, too.
                                        requireVersion(
                                                after.version(),
                                                before.version() + (isNothing(traits, add, remove) ? 0 : 1));
                                        return audit.record(
                                                        tx,
                                                        call,
                                                        "profile",
                                                        before.id(),
                                                        changed(before, traits),
                                                        changed(after, traits))
                                                .compose(done -> whole(tx, call.ws(), after));
                                    });
                        }))
                .map(shown -> Reply.ok(shown, shown.getLong("version")));
    }

    private Future<Void> requireSaid(SqlConnection tx, int ws, JsonObject traits) {
        return traits.isEmpty()
                ? Future.succeededFuture()
                : computed.names(tx, ws).map(names -> {
                    traits.fieldNames().stream()
                            .filter(names::contains)
                            .findFirst()
                            .ifPresent(name -> {
                                throw ProblemException.unprocessable(
                                        "/traits/" + EventFields.pointer(name),
                                        "This trait is computed of what people do. Change how, or delete the computed trait.");
                            });
                    return null;
                });
    }

    private static List<Said> said(JsonObject traits, List<String> add, List<String> remove) {
        var said = new ArrayList<Said>();
        if (!traits.isEmpty()) {
            said.add(new Said("identify", new JsonObject().put("traits", traits)));
        }
        add.forEach(tag -> said.add(tagging("Tag Added", tag)));
        remove.forEach(tag -> said.add(tagging("Tag Removed", tag)));
        return said;
    }

    private static boolean isNothing(JsonObject traits, List<String> add, List<String> remove) {
        return traits.isEmpty() && add.isEmpty() && remove.isEmpty();
    }

    private static void requireVersion(long present, long wanted) {
        if (present != wanted) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The profile has changed since it was read. Read it again.");
        }
    }

    private static JsonObject changed(Shown profile, JsonObject named) {
        var traits = new JsonObject();
        named.fieldNames().forEach(name -> traits.put(name, profile.traits().getValue(name)));
        return new JsonObject().put("traits", traits).put("tags", profile.tags());
    }

    /** What staff say of a person: the call that an event would be, and what is in it. */
    record Said(String call, JsonObject content) {}

    /** Derives it at once, under the id that the person is shown by, and later than all that was said of them. */
    Future<Void> say(SqlConnection tx, Call call, Shown profile, List<Said> said) {
        return say(
                tx,
                call.ws(),
                call.caller().kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                profile,
                said);
    }

    /** @param source over what it came, such as {@code user} */
    Future<Void> say(SqlConnection tx, int ws, String source, Shown profile, List<Said> said) {
        if (profile.userId() == null && profile.anonymousIds().isEmpty()) {
            throw ProblemException.conflict(
                    "This visitor has become somebody else: nothing is left here to be changed.");
        }
        return words.lastWord(tx, ws, profile.no()).compose(last -> {
            // Whatever the clock says here.
            var now = clock.instant().truncatedTo(ChronoUnit.MICROS);
            var at = last.isPresent() && !now.isAfter(last.get()) ? last.get().plus(1, ChronoUnit.MICROS) : now;
            return deriver.derive(
                    tx,
                    said.stream()
                            .map(one -> event(source, profile, one.call(), at).mergeIn(one.content()))
                            .map(event ->
                                    new Consumed(new StreamRecord(ws, "", event.getString("type"), event), 0, 0, at))
                            .toList());
        });
    }

    private static Said tagging(String name, String tag) {
        return new Said(
                "track", new JsonObject().put("event", name).put("properties", new JsonObject().put("tag", tag)));
    }

    private static JsonObject event(String source, Shown profile, String type, Instant at) {
        var event = new JsonObject()
                .put("type", type)
                .put("messageId", UuidCreator.getTimeOrderedEpoch().toString())
                .put("at", at.toString())
                .put("receivedAt", at.toString())
                .put("verified", true)
                .put("trusted", true)
                .put(Arrived.OF_STAFF, true)
                .put("source", source);
        return profile.userId() != null
                ? event.put("userId", profile.userId())
                : event.put("anonymousId", profile.anonymousIds().getString(0));
    }

    private static List<String> texts(JsonObject body, String name) {
        return body.getJsonArray(name, new JsonArray()).stream()
                .map(text -> ((String) text).strip())
                .distinct()
                .toList();
    }
}
