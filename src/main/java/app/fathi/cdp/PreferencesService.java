package app.fathi.cdp;

import app.fathi.cdp.PreferenceLinks.Holder;
import app.fathi.cdp.ProfilesService.Said;
import app.fathi.cdp.ProfilesStore.Shown;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.PersonalPage;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** What people want to be told: as the API reads and changes it, and as they do themselves on the page behind a signed link. */
final class PreferencesService implements PersonalPage {
    private static final int DEFAULT_DAYS = 30;
    private static final String SOURCE = "preference-page";
    /** What mail clients post to a link when somebody presses their button (RFC 8058). */
    private static final String ONE_CLICK = "List-Unsubscribe";

    private final Transactions transactions;
    private final ProfilesService profiles;
    private final Tenancy tenancy;
    private final Audit audit;
    private final PreferenceLinks links;
    private final Supplier<String> baseUrl;
    private final InstantSource clock;
    private final WordsStore words = new WordsStore();

    /** @param key {@code Secrets.derivedKey("preferences")}: the same on all nodes */
    PreferencesService(
            Transactions transactions,
            ProfilesService profiles,
            Tenancy tenancy,
            Audit audit,
            byte[] key,
            Supplier<String> baseUrl,
            InstantSource clock) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.tenancy = tenancy;
        this.audit = audit;
        this.links = new PreferenceLinks(key);
        this.baseUrl = baseUrl;
        this.clock = clock;
    }

    // ---- by the API ----

    Future<Reply> get(Call call) {
        return profiles.find(transactions.pool(), call)
                .compose(profile -> read(transactions.pool(), call.ws(), profile))
                .map(preferences -> Reply.ok(preferences.toJson()));
    }

    Future<Reply> put(Call call) {
        var body = call.json();
        var wanted = Preferences.wanted(body.getJsonArray("purposes", new JsonArray()));
        Optional<QuietHours> quiet = QuietHours.of(body.getValue("quietHours"));
        if (body.getValue("quietHours") != null && quiet.isEmpty()) {
            throw ProblemException.unprocessable("/quietHours/end", "Quiet hours that end when they start are none.");
        }
        return transactions
                .run(tx -> profiles.find(tx, call)
                        .compose(profile -> read(tx, call.ws(), profile).compose(present -> {
                            var hours = body.containsKey("quietHours") ? quiet : present.quietHours();
                            var said = said(present, present.towards(wanted, evidence(null)), hours);
                            return said.isEmpty()
                                    ? Future.succeededFuture(present)
                                    : profiles.say(tx, call, profile, said)
                                            .compose(done -> audit.record(
                                                    tx, call, "profile", profile.id(), present.toJson(), told(said)))
                                            .compose(done -> profiles.find(tx, call))
                                            .compose(after -> read(tx, call.ws(), after));
                        })))
                .map(preferences -> Reply.ok(preferences.toJson()));
    }

    Future<Reply> link(Call call) {
        var body = call.body() == null ? new JsonObject() : call.json();
        var until = clock.instant()
                .plus(Duration.ofDays(body.getInteger("days", DEFAULT_DAYS)))
                .truncatedTo(ChronoUnit.MINUTES);
        var language = body.getString("language");
        return transactions
                .run(tx -> profiles.find(tx, call).compose(profile -> audit.record(
                                tx,
                                call,
                                "profile",
                                profile.id(),
                                null,
                                new JsonObject().put("until", until.toString()))
                        .map(profile)))
                .map(profile -> Reply.ok(new JsonObject()
                        .put(
                                "url",
                                baseUrl.get()
                                        + PATH
                                        + links.sign(new Holder(call.ws(), profile.id()), until)
                                        + (language == null ? "" : "?lang=" + language))
                        .put("expiresAt", until.toString())));
    }

    private Future<Preferences> read(SqlClient client, int ws, Shown profile) {
        return tenancy.rules(ws).compose(rules -> words.consents(client, ws, profile.no())
                .map(consents -> Preferences.of(rules.purposes(), consents, profile.traits())));
    }

    private static List<Said> said(Preferences present, List<Consent> consents, Optional<QuietHours> hours) {
        var said = new ArrayList<Said>();
        consents.forEach(consent -> said.add(tracked(Consent.EVENT, consent.properties())));
        if (!Objects.equals(present.quietHours(), hours)) {
            said.add(tracked(QuietHours.EVENT, hours.map(QuietHours::toJson).orElseGet(JsonObject::new)));
        }
        return said;
    }

    private static Said tracked(String event, JsonObject properties) {
        return new Said("track", new JsonObject().put("event", event).put("properties", properties));
    }

    private static JsonObject evidence(String language) {
        var evidence = new JsonObject().put("form", Preferences.FORM);
        return language == null ? evidence : evidence.put("language", language);
    }

    private static JsonObject told(List<Said> said) {
        var told = new JsonObject();
        said.forEach(one -> {
            var properties = one.content().getJsonObject("properties");
            if (properties.containsKey("purpose")) {
                told.put(
                        properties.getString("purpose") + "/" + properties.getString("channel"),
                        properties.getBoolean("granted"));
            } else {
                told.put("quietHours", properties.isEmpty() ? null : properties);
            }
        });
        return told;
    }

    // ---- by the person ----

    @Override
    public Future<Answer> open(String token, Map<String, String> query, String acceptLanguage) {
        var page = PreferencePage.in(query.get("lang"), acceptLanguage);
        return holder(token, page, (holder, profile) -> read(transactions.pool(), holder.ws(), profile)
                .compose(preferences -> tenancy.rules(holder.ws())
                        .map(rules -> new Answer(
                                200, page.shown(rules.name(), preferences, PATH + token, query.get("saved"))))));
    }

    @Override
    public Future<Answer> post(String token, Map<String, List<String>> form, String language, String acceptLanguage) {
        var page = PreferencePage.in(language, acceptLanguage);
        var oneClick = form.containsKey(ONE_CLICK);
        var everything = oneClick || form.containsKey("everything");
        return holder(
                token,
                page,
                (holder, profile) -> transactions.run(tx -> save(tx, holder, everything, form, page)
                        .compose(said -> tenancy.rules(holder.ws()))
                        .map(rules -> oneClick
                                ? new Answer(200, page.told(rules.name(), "everything", PATH + token))
                                : Answer.seeOther(PATH + token + "?lang=" + page.language() + "&saved="
                                        + (everything ? "everything" : "yes")))));
    }

    private Future<List<Said>> save(
            SqlConnection tx, Holder holder, boolean everything, Map<String, List<String>> form, PreferencePage page) {
        return profiles.find(tx, holder.ws(), holder.profileId().toString()).compose(found -> {
            var profile = found.orElseThrow(() -> ProblemException.notFound("profile"));
            return read(tx, holder.ws(), profile).compose(present -> {
                var evidence = evidence(page.language());
                var said = everything
                        ? said(present, present.towardsNothing(evidence), present.quietHours())
                        : said(present, present.towards(wanted(present, form), evidence), hours(present, form));
                return said.isEmpty()
                        ? Future.succeededFuture(said)
                        : profiles.say(tx, holder.ws(), SOURCE, profile, said)
                                .compose(done -> audit.recordSystem(
                                        tx,
                                        holder.ws(),
                                        "profile.set-own-preferences",
                                        "profile",
                                        profile.id(),
                                        told(said)))
                                .map(said);
            });
        });
    }

    /** A box that is not ticked is not sent, so the page says which ones it has shown. */
    private static Map<String, Map<String, Boolean>> wanted(Preferences present, Map<String, List<String>> form) {
        var shown = form.getOrDefault("shown", List.of());
        var ticked = form.getOrDefault("on", List.of());
        var wanted = new LinkedHashMap<String, Map<String, Boolean>>();
        present.on().forEach((purpose, channels) -> channels.keySet().stream()
                .filter(channel -> shown.contains(purpose + "/" + channel))
                .forEach(channel -> wanted.computeIfAbsent(purpose, none -> new LinkedHashMap<>())
                        .put(channel, ticked.contains(purpose + "/" + channel))));
        return wanted;
    }

    private static Optional<QuietHours> hours(Preferences present, Map<String, List<String>> form) {
        if (!form.containsKey("start")) {
            return present.quietHours();
        }
        return QuietHours.of(new JsonObject()
                .put("start", form.get("start").getFirst())
                .put("end", form.getOrDefault("end", List.of("")).getFirst()));
    }

    private interface Then extends BiFunction<Holder, Shown, Future<Answer>> {}

    /** The person of the link, or a page that says that it works no longer: of one that was forged, too, and of who was erased. */
    private Future<Answer> holder(String token, PreferencePage page, Then then) {
        var holder = links.verify(token, clock.instant());
        return holder.isEmpty()
                ? Future.succeededFuture(new Answer(404, page.gone()))
                : profiles.find(
                                transactions.pool(),
                                holder.get().ws(),
                                holder.get().profileId().toString())
                        .compose(found -> found.isEmpty()
                                ? Future.succeededFuture(new Answer(404, page.gone()))
                                : then.apply(holder.get(), found.get()));
    }
}
