package app.fathi.cep;

import static app.fathi.cep.SendingWorld.WS;
import static app.fathi.cep.SendingWorld.to;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.runs.RunsStore;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ExplainTest {
    /** More than are kept ready at once. */
    private static final int TEMPLATES = 300;

    private static SendingWorld world;

    @BeforeAll
    static void start() {
        world = new SendingWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    /** Each says its own number, and another language has other words: so it is asked for each person. */
    private static UUID template(int number) {
        var variants = new JsonArray().add(variant("en", "Number " + number)).add(variant("de", "Nummer " + number));
        var body = new JsonObject()
                .put("language", "en")
                .put("variants", variants)
                .put("variables", new JsonArray())
                .put("missing", "default");
        var id = UUID.randomUUID();
        world.pool
                .preparedQuery(
                        """
                        WITH t AS (
                          INSERT INTO templates_template (ws, id, channel, status, active_version, name, body, created_by, updated_by)
                          VALUES ($1, $2, 'webpush', 'active', 1, $3, $4, $2, $2))
                        INSERT INTO templates_version
                          (ws, template, version, name, description, category, tags, body, snippets, by, at, approved_by, approved_at)
                        VALUES ($1, $2, 1, $3, '', '', '{}', $4, '{}', $2, now(), $2, now())
                        """)
                .execute(Tuple.of(WS, id, "Template " + number, body))
                .await();
        return id;
    }

    private static JsonObject variant(String language, String title) {
        return new JsonObject().put("language", language).put("content", new JsonObject().put("title", title));
    }

    @Test
    void more_templates_at_once_than_are_kept_ready_are_explained_each_by_its_own_words() {
        world.execute(
                """
                INSERT INTO users_workspace (no, id, name, timezone, language, identity_key) OVERRIDING SYSTEM VALUE
                VALUES (7, gen_random_uuid(), 'Ours', 'UTC', 'en', '')
                """);
        int no = world.person(1, new JsonObject());
        var explain = world.explain();
        var titles = IntStream.range(0, TEMPLATES).mapToObj(ExplainTest::template).toList().stream()
                .map(id -> explained(explain, no, id))
                .toList();
        Future.all(titles).await();
        assertThat(titles.stream().map(Future::result).toList())
                .isEqualTo(IntStream.range(0, TEMPLATES)
                        .mapToObj(number -> "Number " + number)
                        .toList());
    }

    /** As a request does it: the version is pinned, and by the time that it is asked many others have been. */
    private static Future<String> explained(Explain explain, int no, UUID template) {
        var request = to(List.of("u" + no)).by(new ByTemplate(template, null, null, new JsonObject()));
        return world.transactions
                .run(tx -> world.messages.ready(tx, WS, request, false))
                .compose(ready -> RunsStore.clock(world.pool)
                        .compose(clock -> explain.situations(world.pool, WS, no, ready, clock)))
                .map(situations ->
                        situations.getFirst().decided().outgoing().content().getString("title"));
    }
}
