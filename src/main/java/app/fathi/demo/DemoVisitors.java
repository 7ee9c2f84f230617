package app.fathi.demo;

import app.fathi.demo.PublicApi.Answer;
import app.fathi.demo.Walkthrough.Access;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What the demo's page asks of its backend about its own visitor: who that is to Fathi, and to be signed in. The id that the SDK has
 * given to the browser names the visitor; nobody is shown who has become somebody else than whom this site signs in.
 */
final class DemoVisitors {
    private static final String VISITOR = "[A-Za-z0-9-]{8,64}";
    private static final String SIGNED_IN = "demo-visitor-";
    private static final int EVENTS = 8;
    private static final int BODY_OCTETS = 200;

    private final PublicApi api;
    private final Access access;

    DemoVisitors(PublicApi api, Access access) {
        this.api = api;
        this.access = access;
    }

    /** Traits, segments and the latest events; without {@code traits} before the first event has come. */
    CompletableFuture<Answer> show(String visitor) {
        requireVisitor(visitor, "visitor");
        var profile = "/api/v1/cdp/profiles/anonymous:" + visitor;
        return get(profile).thenCompose(person -> {
            if (person.status() == 404) {
                return CompletableFuture.completedFuture(
                        new Answer(200, new JsonObject().put("segments", segments(new JsonArray()))));
            }
            if (!person.isGood()) {
                return CompletableFuture.completedFuture(person);
            }
            var userId = person.json().getString("userId");
            if (userId != null && !userId.equals(userId(visitor))) {
                throw ProblemException.notFound("visitor");
            }
            return get(profile + "/segments")
                    .thenCombine(get(profile + "/events?limit=" + EVENTS), (segments, events) -> {
                        if (!segments.isGood() || !events.isGood()) {
                            return segments.isGood() ? events : segments;
                        }
                        return new Answer(
                                200,
                                new JsonObject()
                                        .put("userId", userId)
                                        .put("traits", traits(person.json()))
                                        .put(
                                                "segments",
                                                segments(segments.json().getJsonArray("items")))
                                        .put("events", events(events.json().getJsonArray("items"))));
                    });
        });
    }

    /** As a site's backend does when somebody has signed in there: it says who that is, and signs it. */
    CompletableFuture<Answer> signIn(Buffer body) {
        if (body == null || body.length() == 0 || body.length() > BODY_OCTETS) {
            throw ProblemException.of(
                    Kind.MALFORMED, "The body is missing, or larger than " + BODY_OCTETS + " octets.");
        }
        var visitor = StrictJson.object(body).getValue("visitor") instanceof String text ? text : null;
        requireVisitor(visitor, "/visitor");
        var userId = userId(visitor);
        return CompletableFuture.completedFuture(new Answer(
                200, new JsonObject().put("userId", userId).put("identityToken", Walkthrough.token(access, userId))));
    }

    private static void requireVisitor(String visitor, String at) {
        if (visitor == null || !visitor.matches(VISITOR)) {
            throw ProblemException.invalid(at, "This is the visitor's id, as the SDK has it.");
        }
    }

    private static String userId(String visitor) {
        return SIGNED_IN + visitor;
    }

    private CompletableFuture<Answer> get(String path) {
        return api.ask("GET", path, null, "Authorization", "Bearer " + access.apiKey());
    }

    private static JsonArray traits(JsonObject person) {
        var traits = new JsonArray();
        person.getJsonObject("traits").stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(trait -> traits.add(new JsonObject()
                        .put("name", trait.getKey())
                        .put("value", String.valueOf(trait.getValue()))
                        .put(
                                "computed",
                                "computed"
                                        .equals(person.getJsonObject("traitSources")
                                                .getJsonObject(trait.getKey(), new JsonObject())
                                                .getString("source")))));
        return traits;
    }

    /** Those that the page is about, whether or not the visitor is in them. */
    private static JsonArray segments(JsonArray theirs) {
        var names =
                theirs.stream().map(one -> ((JsonObject) one).getString("name")).toList();
        var segments = new JsonArray();
        Showcase.SEGMENTS.forEach(one -> segments.add(new JsonObject()
                .put("name", one.name())
                .put("description", one.description())
                .put("in", names.contains(one.name()))));
        return segments;
    }

    private static JsonArray events(JsonArray items) {
        var events = new JsonArray();
        for (var item : items) {
            var event = (JsonObject) item;
            events.add(new JsonObject()
                    .put("id", event.getString("messageId"))
                    .put("type", event.getString("type"))
                    .put("name", event.getString("name"))
                    .put("at", event.getString("at")));
        }
        return events;
    }
}
