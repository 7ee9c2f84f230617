package app.fathi.templates;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.templates.Template.Status;
import app.fathi.templates.TemplatesStore.Sayable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What other domains may ask of templates. */
public final class Templates {
    /** Versions that are kept ready, least recently used out first: mostly some KB each. */
    private static final int KEPT = 256;

    private record Key(int ws, UUID template, long version) {}

    private final TemplatesStore store = new TemplatesStore();
    private final VersionsStore versions = new VersionsStore();
    private final Renderer renderer;
    private final Map<Key, Wording> ready = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Wording> eldest) {
            return size() > KEPT;
        }
    });

    public Templates(Renderer renderer) {
        this.renderer = renderer;
    }

    /**
     * The version that a message says, which it keeps whatever becomes of the template.
     *
     * @param filling what the message adds to it, see {@link Wording}; null where the content is all there is
     */
    public record Pin(UUID template, long version, JsonObject filling) {}

    /**
     * @param content for somebody of whom nothing is known
     * @param contents in all languages in which it may be said
     */
    public record Pinned(Pin pin, JsonObject content, List<JsonObject> contents) {}

    /**
     * Pins the version that a message is to say. Fails with {@code unprocessable} when there is none that may be sent, and when
     * what is given does not fit it.
     *
     * @param version null for the active one; an approved one
     * @param language in which it is said to everybody; null for each one's own
     * @param variables what the message gives for everybody
     * @param each what is given to each person beside that is looked at later: nothing is missing yet
     */
    public Future<Pinned> pin(
            SqlClient tx, int ws, UUID template, Long version, String language, JsonObject variables, boolean each) {
        return store.sayable(tx, ws, template, version)
                .map(found -> {
                    var sayable = found.orElseThrow(
                            () -> ProblemException.unprocessable("/template/id", "There is no template with this id."));
                    requireSayable(sayable, version);
                    return sayable;
                })
                .compose(sayable -> wording(tx, ws, template, sayable.version())
                        .map(wording -> pin(wording, template, sayable, language, variables, each)))
                .compose(pinned -> pinned.pin().filling() == null
                        ? Future.succeededFuture(pinned)
                        : store.hold(tx, ws, template).map(there -> {
                            if (!there) {
                                throw ProblemException.unprocessable(
                                        "/template/id", "There is no template with this id.");
                            }
                            return pinned;
                        }));
    }

    private static void requireSayable(Sayable sayable, Long version) {
        if (sayable.status() == Status.ARCHIVED) {
            throw ProblemException.unprocessable(
                    "/template/id", "The template is archived: nothing is sent with it any more.");
        }
        if (version == null && sayable.version() == null) {
            throw ProblemException.unprocessable(
                    "/template/id", "No version of this template was approved yet: submit it and have it approved.");
        }
        if (sayable.version() == null) {
            throw ProblemException.unprocessable(
                    "/template/version", "There is no version " + version + " of this template.");
        }
        if (!sayable.approved()) {
            throw ProblemException.unprocessable(
                    "/template/version",
                    "Version " + version + " was not approved; without a version it is the active one.");
        }
    }

    private static Pinned pin(
            Wording wording, UUID template, Sayable sayable, String language, JsonObject variables, boolean each) {
        var faults = new ArrayList<>(wording.check(variables, "/template/variables"));
        if (language != null && !wording.speaks(language)) {
            faults.add(new Fault("/template/language", "The template has no words in this language."));
        }
        if (!each) {
            faults.addAll(wording.missing(variables, "/template/variables"));
        }
        if (!faults.isEmpty()) {
            throw new ProblemException(Problem.of(Kind.UNPROCESSABLE, "The template cannot be sent so.", faults));
        }
        var filling = new JsonObject().put("fallback", sayable.workspaceLanguage());
        if (language != null) {
            filling.put("language", language);
        }
        if (!variables.isEmpty()) {
            filling.put("variables", variables);
        }
        var content = wording.content(filling, null, null);
        boolean alone = wording.standsAlone(filling);
        return new Pinned(
                new Pin(template, sayable.version(), alone ? null : filling),
                content,
                alone || language != null
                        ? List.of(content)
                        : List.copyOf(wording.contents().values()));
    }

    /** Under which category a version stands; empty for none, and where it is no more. */
    public Future<String> category(SqlClient client, int ws, UUID template, long version) {
        return versions.find(client, ws, template, version)
                .map(found -> found.map(VersionsStore.Version::category).orElse(""));
    }

    /** A version that was pinned; fails when it is no more. */
    public Future<Wording> wording(SqlClient client, int ws, UUID template, long version) {
        var key = new Key(ws, template, version);
        var known = ready.get(key);
        return known != null
                ? Future.succeededFuture(known)
                : versions.find(client, ws, template, version).map(found -> {
                    var wording = found.orElseThrow(() -> new IllegalStateException(
                                    "Version " + version + " of template " + template + " is no more"))
                            .wording(renderer);
                    ready.put(key, wording);
                    return wording;
                });
    }
}
