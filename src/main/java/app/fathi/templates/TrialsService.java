package app.fathi.templates;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import app.fathi.templates.VersionsStore.Version;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** How a template is tried out before anybody gets it: rendered, looked over, and drawn. Nothing is kept. */
final class TrialsService {
    private static final List<String> PEOPLE = List.of("profiles:read", "personal:read");

    private final Transactions transactions;
    private final TemplatesStore store = new TemplatesStore();
    private final VersionsStore versions = new VersionsStore();
    private final SnippetsStore snippets = new SnippetsStore();
    private final Renderer renderer;
    private final Workshop workshop;
    private final Profiles profiles;
    private final Authorities authorities;
    private final Payload payload;

    TrialsService(
            Transactions transactions,
            Renderer renderer,
            Workshop workshop,
            Profiles profiles,
            Authorities authorities,
            Payload payload) {
        this.transactions = transactions;
        this.renderer = renderer;
        this.workshop = workshop;
        this.profiles = profiles;
        this.authorities = authorities;
        this.payload = payload;
    }

    // --- what is tried out ----------------------------------------------------------------------------------------

    /**
     * A version and for whom.
     *
     * @param traits of a person; null for nobody in particular
     * @param filling as of a message that would say this
     */
    private record Trial(Version version, Wording wording, JsonObject traits, JsonObject filling) {
        String language() {
            return wording.language(Languages.ofTraits(traits), filling);
        }

        /** Of a person all is as it would be sent; of nobody the samples stand in. */
        JsonObject values() {
            var given = filling.getJsonObject("variables");
            return traits == null
                    ? Samples.of(wording.body(), given, new JsonObject())
                    : wording.variables(filling, null, traits);
        }

        JsonObject render(String language) {
            return wording.render(language, values());
        }
    }

    private Future<Trial> trial(Call call) {
        var json = call.json() == null ? new JsonObject() : call.json();
        var client = transactions.pool();
        return version(call, json.getLong("version")).compose(version -> traits(call, client, json.getString("profile"))
                .compose(traits -> store.workspace(client, call.ws())
                        .map(workspace -> trial(version, traits, json, workspace.language()))));
    }

    private Trial trial(Version version, JsonObject traits, JsonObject json, String fallback) {
        var wording = version.wording(renderer);
        var given = json.getJsonObject("variables", new JsonObject());
        var faults = new ArrayList<>(wording.check(given, "/variables"));
        var language = json.getString("language");
        if (language != null && !wording.speaks(language)) {
            faults.add(new Fault("/language", "The template has no words in this language."));
        }
        if (!faults.isEmpty()) {
            throw new ProblemException(Problem.of(Kind.UNPROCESSABLE, "The template cannot be tried out so.", faults));
        }
        return new Trial(
                version,
                wording,
                traits,
                new JsonObject()
                        .put("language", language)
                        .put("fallback", fallback)
                        .put("variables", given));
    }

    /** @param number null for the newest */
    private Future<Version> version(Call call, Long number) {
        var id = call.id("id", "template");
        return store.find(transactions.pool(), call.ws(), id).compose(found -> {
            var template = found.orElseThrow(() -> ProblemException.notFound("template"));
            long wanted = number == null ? template.edits().version() : number;
            return versions.find(transactions.pool(), call.ws(), id, wanted)
                    .map(version -> version.orElseThrow(() -> ProblemException.unprocessable(
                            "/version", "There is no version " + wanted + " of this template.")));
        });
    }

    /** What a template says to somebody tells what they are like: who may not see that may not ask here either. */
    private Future<JsonObject> traits(Call call, SqlClient client, String profile) {
        if (profile == null) {
            return Future.succeededFuture();
        }
        return Future.all(PEOPLE.stream()
                        .map(permission -> authorities.permits(call.caller(), permission))
                        .toList())
                .compose(permitted -> {
                    if (permitted.<Boolean>list().contains(false)) {
                        throw ProblemException.forbidden("To try it out for a person needs the permissions "
                                + String.join(" and ", PEOPLE) + "; without a profile it is for nobody in particular.");
                    }
                    var id = id(profile);
                    return profiles.numbersByIds(client, call.ws(), Set.of(id)).compose(numbers -> {
                        var number = numbers.get(id);
                        if (number == null) {
                            throw ProblemException.unprocessable("/profile", "There is no profile with this id.");
                        }
                        return profiles.views(client, call.ws(), Set.of(number))
                                .map(views -> views.get(number).traits());
                    });
                });
    }

    private static UUID id(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/profile", "This is not a UUID.");
        }
    }

    // --- operations -----------------------------------------------------------------------------------------------

    Future<Reply> render(Call call) {
        return trial(call)
                .compose(trial -> workshop.work(() -> rendered(trial, trial.language())))
                .map(Reply::ok);
    }

    private static JsonObject rendered(Trial trial, String language) {
        var answer = new JsonObject().put("version", trial.version.version()).put("language", language);
        try {
            return answer.put("outcome", "rendered")
                    .put("content", trial.render(language))
                    .putNull("detail");
        } catch (RenderException e) {
            var outcome = e.isAborted() ? "aborted" : e.isMissing() ? "missing" : "failed";
            return answer.put("outcome", outcome).putNull("content").put("detail", e.getMessage());
        }
    }

    Future<Reply> preview(Call call) {
        return trial(call).compose(trial -> workshop.work(() -> preview(trial))).map(Reply::ok);
    }

    private JsonObject preview(Trial trial) {
        var answer = rendered(trial, trial.language());
        var cards = new JsonArray();
        var content = answer.getJsonObject("content");
        if (content != null) {
            for (var platform : Platform.values()) {
                cards.add(new Card(platform, content).toJson());
            }
        }
        var sizes = new JsonArray();
        for (var language : trial.wording.contents().keySet()) {
            sizes.add(size(trial, language));
        }
        return answer.put("cards", cards).put("sizes", sizes);
    }

    private JsonObject size(Trial trial, String language) {
        var said = rendered(trial, language).getJsonObject("content");
        return new JsonObject()
                .put("language", language)
                .put("octets", said == null ? null : payload.octets(said))
                .put("limit", payload.limit());
    }

    /** Of the newest version, or of what might become the next one. */
    Future<Reply> lint(Call call) {
        var client = transactions.pool();
        var lint = new Lint(renderer, payload);
        return version(call, null)
                .compose(newest -> snippets.texts(client, call.ws())
                        .compose(now -> workshop.work(() -> call.json() == null
                                ? lint.look(newest.body(), newest.snippets(), now)
                                : lint.look(
                                        TemplateBody.of(call.json()), new TreeMap<>(now), (Map<String, String>) null))))
                .map(Reply::ok);
    }
}
