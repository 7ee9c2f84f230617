package app.fathi.cdp;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Erasable;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** What a person may ask for: what they have agreed to, all that is known of them, and that it be forgotten. */
final class PrivacyService {
    private static final int EVENTS_A_PAGE = 500;
    /** Of everything that was ever told of somebody's ids. */
    private static final int MAX_IDS = 10_000;

    private final Transactions transactions;
    private final ProfilesService profiles;
    private final Jobs jobs;
    private final Audit audit;
    private final List<Erasable> erasables;
    private final ProfilesStore store = new ProfilesStore();
    private final WordsStore words = new WordsStore();
    private final Explanations explained = new Explanations();
    private final ErasuresStore erasures = new ErasuresStore();

    PrivacyService(
            Transactions transactions, ProfilesService profiles, Jobs jobs, Audit audit, List<Erasable> erasables) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.jobs = jobs;
        this.audit = audit;
        this.erasables = List.copyOf(erasables);
    }

    // ---- consent ----

    Future<Reply> consents(Call call) {
        return profiles.find(transactions.pool(), call)
                .compose(profile -> words.consents(transactions.pool(), call.ws(), profile.no()))
                .map(items -> Reply.ok(new JsonObject().put("items", new JsonArray(items))));
    }

    /** Each is an event of the person's timeline, which is the record of all that was ever agreed to. */
    Future<Reply> setConsents(Call call) {
        var consents = new ArrayList<Consent>();
        var given = call.json().getJsonArray("consents");
        for (int i = 0; i < given.size(); i++) {
            var pointer = "/consents/" + i;
            consents.add(Consent.of(given.getJsonObject(i))
                    .orElseThrow(() -> ProblemException.unprocessable(
                            pointer + "/evidence", "Evidence has at most 4,000 characters of JSON.")));
        }
        if (consents.stream().map(Consent::key).distinct().count() < consents.size()) {
            throw ProblemException.unprocessable("/consents", "A purpose and channel stand here twice.");
        }
        return transactions
                .run(tx -> profiles.find(tx, call).compose(profile -> profiles.say(
                                tx,
                                call,
                                profile,
                                consents.stream()
                                        .map(consent -> new ProfilesService.Said(
                                                "track",
                                                new JsonObject()
                                                        .put("event", Consent.EVENT)
                                                        .put("properties", consent.properties())))
                                        .toList())
                        .compose(done -> audit.record(tx, call, "profile", profile.id(), null, told(consents)))
                        .compose(done -> words.consents(tx, call.ws(), profile.no()))))
                .map(items -> Reply.ok(new JsonObject().put("items", new JsonArray(items))));
    }

    private static JsonObject told(List<Consent> consents) {
        var told = new JsonObject();
        consents.forEach(consent -> told.put(consent.key(), consent.granted()));
        return new JsonObject().put("consents", told);
    }

    // ---- all that is known ----

    Future<Reply> export(Call call) {
        var pool = transactions.pool();
        return profiles.find(pool, call).compose(profile -> profiles.whole(pool, call.ws(), profile)
                .compose(shown -> erasures.parts(pool, call.ws(), profile.no()).compose(parts -> {
                    var lines = new ArrayList<JsonObject>();
                    lines.add(new JsonObject().put("kind", "profile").mergeIn(shown));
                    var nos = parts.stream().map(ErasuresStore.Part::no).toList();
                    Future<Void> chain = words.consents(pool, call.ws(), profile.no())
                            .map(consents -> {
                                consents.forEach(consent -> lines.add(consent.put("kind", "consent")));
                                return null;
                            });
                    chain = chain.compose(done -> explained.from(pool, call.ws(), profile.no(), 0, 0, MAX_IDS))
                            .map(ids -> {
                                ids.forEach(one -> lines.add(one.shown()
                                        .put("idKind", one.shown().getString("kind"))
                                        .put("kind", "identity")));
                                return null;
                            });
                    for (var erasable : erasables) {
                        chain = chain.compose(done -> erasable.tell(pool, call.ws(), nos))
                                .map(more -> {
                                    lines.addAll(more);
                                    return null;
                                });
                    }
                    return chain.map(done -> Reply.rows(
                            "person-" + profile.id() + ".ndjson",
                            new Reply.Rows(List.of(), new Pages(call.ws(), nos, lines)::next)));
                })));
    }

    /** First all but the events, then these, the latest first. */
    private final class Pages {
        private final int ws;
        private final List<Integer> profileNos;
        private List<JsonObject> first;
        private OffsetDateTime before = ProfilesService.END_OF_TIME;
        private String beforeId = "";
        private boolean over;

        Pages(int ws, List<Integer> profileNos, List<JsonObject> first) {
            this.ws = ws;
            this.profileNos = profileNos;
            this.first = first;
        }

        Future<List<JsonObject>> next() {
            if (first != null) {
                var page = first;
                first = null;
                return Future.succeededFuture(page);
            }
            if (over) {
                return Future.succeededFuture();
            }
            return store.timeline(transactions.pool(), ws, profileNos, before, beforeId, null, null, EVENTS_A_PAGE)
                    .map(events -> {
                        over = events.size() < EVENTS_A_PAGE;
                        if (!events.isEmpty()) {
                            before = events.getLast().at().atOffset(ZoneOffset.UTC);
                            beforeId = events.getLast().messageId();
                        }
                        return events.stream()
                                .map(event ->
                                        new JsonObject().put("kind", "event").mergeIn(ProfilesService.event(event)))
                                .toList();
                    });
        }
    }

    // ---- forgetting ----

    Future<Reply> erase(Call call) {
        return transactions.once(call, tx -> profiles.find(tx, call).compose(profile -> {
            var receipt = UuidCreator.getTimeOrderedEpoch();
            return erasures.insert(
                            tx,
                            call.ws(),
                            receipt,
                            profile.id(),
                            profile.no(),
                            call.caller().id())
                    .map(made ->
                            made.orElseThrow(() -> ProblemException.conflict("This person is being erased already.")))
                    .compose(made -> erasures.suppress(tx, call.ws(), profile.no())
                            .compose(done -> jobs.enqueue(tx, List.of(EraseJob.of(call.ws(), receipt))))
                            .compose(done -> audit.record(
                                    tx,
                                    call,
                                    "erasure",
                                    receipt,
                                    null,
                                    new JsonObject()
                                            .put("profileId", profile.id().toString())))
                            .map(Reply.accepted("/api/v1/cdp/erasures/" + receipt, made.toJson())));
        }));
    }

    Future<Reply> erasure(Call call) {
        return erasures.find(transactions.pool(), call.ws(), call.id("id", "erasure"))
                .map(found -> Reply.ok(found.orElseThrow(() -> ProblemException.notFound("erasure"))
                        .toJson()));
    }
}
