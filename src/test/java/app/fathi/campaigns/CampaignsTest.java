package app.fathi.campaigns;

import static app.fathi.campaigns.CampaignsWorld.CAMPAIGNS;
import static app.fathi.campaigns.CampaignsWorld.draft;
import static app.fathi.campaigns.CampaignsWorld.ok;
import static app.fathi.campaigns.CampaignsWorld.path;
import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.EventStream;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Campaigns as somebody plans, reviews and sends them, over HTTP. */
class CampaignsTest {
    private static final String NOBODY = "01932f11-21f0-7b00-9000-1a1b1c1d1e1f";

    private static CampaignsWorld world;

    @BeforeAll
    static void start() {
        world = new CampaignsWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    private static JsonObject in(Duration time) {
        return new JsonObject()
                .put("kind", "instant")
                .put("at", Instant.now().plus(time).toString());
    }

    private static JsonObject hourly(String start) {
        return new JsonObject()
                .put("kind", "recurring")
                .put("rule", "FREQ=HOURLY")
                .put("start", start)
                .put("zone", "Europe/Berlin");
    }

    private static String template(String... titles) {
        var variants = new JsonArray();
        for (int i = 0; i < titles.length; i += 2) {
            variants.add(new JsonObject()
                    .put("language", titles[i])
                    .put("content", new JsonObject().put("title", titles[i + 1])));
        }
        return world.made(
                        "/api/v1/templates",
                        new JsonObject().put("name", "T " + UUID.randomUUID()).put("variants", variants))
                .getString("id");
    }

    private static void approve(String template, int version) {
        for (var step : List.of("/submit", "/approve")) {
            ok(world.server.admin(
                    "POST", "/api/v1/templates/" + template + step, null, "If-Match", "\"v" + version + "\""));
        }
    }

    private static void rules(JsonObject change) {
        var path = "/api/v1/workspaces/current";
        var etag = world.server.admin("GET", path, null).header("ETag");
        ok(world.server.admin("PATCH", path, change, "If-Match", etag));
    }

    private static List<String> pointers(Answer answer, int status) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        return answer.json().getJsonArray("errors").stream()
                .map(fault -> ((JsonObject) fault).getString("pointer"))
                .toList();
    }

    private static Map<String, Long> counts(JsonObject stats, String name) {
        var json = stats.getJsonObject(name);
        return json.fieldNames().stream().collect(Collectors.toMap(key -> key, key -> json.getLong(key)));
    }

    // ---- the whole way ---------------------------------------------------------------------------------------------

    @Test
    void a_marketers_day() {
        var author = world.server.member("campaign-manager");
        var manager = world.server.member("marketing-manager");
        var segment = world.segment("day-", 6);
        var shy = world.segment("day-shy-", 0);
        world.server.admin(
                "POST",
                "/api/v1/segments/" + shy + "/members",
                new JsonObject().put("add", new JsonArray().add("user:day-5")));
        var template = template("en", "Hello", "tr", "Merhaba");
        approve(template, 1);
        var draft = draft(segment)
                .put("template", new JsonObject().put("id", template))
                .put("goal", new JsonObject().put("event", "Order Completed").put("windowHours", 1));
        draft.remove("content");
        draft.getJsonObject("audience").put("exclude", new JsonArray().add(shy));
        rules(new JsonObject().put("fourEyes", true));
        try {
            var made = world.server.send("POST", CAMPAIGNS, author, draft);
            assertThat(made.status()).as(made.body()).isEqualTo(201);
            var campaign = made.json();
            assertThat(ok(world.server.send("POST", path(campaign) + "/estimate", author, null)))
                    .isEqualTo(new JsonObject().put("people", 5).put("reachable", 5));
            assertThat(world.findings(campaign)).containsExactly("stops approval");
            assertThat(world.as(author, campaign, "POST", "/launch", null).status())
                    .isEqualTo(409);
            ok(world.as(author, campaign, "POST", "/submit", null));
            assertThat(world.as(author, campaign, "POST", "/approve", null).status())
                    .as("who wrote it may not approve at all")
                    .isEqualTo(403);
            var sentBack =
                    ok(world.as(manager, campaign, "POST", "/reject", new JsonObject().put("comment", "Who is shy?")));
            assertThat(sentBack.getString("status")).isEqualTo("draft");
            assertThat(sentBack.getString("comment")).isEqualTo("Who is shy?");
            var better = ok(world.as(
                    manager,
                    sentBack,
                    "PATCH",
                    "",
                    new JsonObject().put("ttl", 3_600).put("description", "Not to the shy")));
            ok(world.as(author, better, "POST", "/submit", null));
            assertThat(world.as(manager, better, "POST", "/approve", null).status())
                    .as("who changed it last may not approve it")
                    .isEqualTo(403);
            var approved = world.step(better, "approve");
            assertThat(approved.getString("approval")).isEqualTo("independent");
            assertThat(approved.getLong("templateVersion")).isEqualTo(1);
            assertThat(world.findings(approved)).isEmpty();

            try (var stream = EventStream.open(
                    world.server.url() + path(campaign) + "/progress?seconds=60", world.server.token())) {
                stream.await("the first look", heard -> heard.size() == 1);
                var launched = ok(world.as(author, approved, "POST", "/launch", null));
                assertThat(launched.getString("status")).isEqualTo("running");
                world.awaitStatus(campaign, "completed");
                stream.await(
                        "its end",
                        heard -> heard.getLast().data().getString("status").equals("completed")
                                && heard.getLast()
                                                .data()
                                                .getJsonObject("run")
                                                .getJsonObject("counts")
                                                .getInteger("accepted")
                                        == 5);
            }
        } finally {
            rules(new JsonObject().put("fourEyes", false));
        }
        var campaign = world.get(
                world.server
                        .admin("GET", CAMPAIGNS + "?q=shy", null)
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(0),
                "");
        var id = campaign.getString("id");
        var stats = world.get(campaign, "/stats");
        assertThat(counts(stats, "reasons")).isEqualTo(world.ledger(campaign)).isEqualTo(Map.of("accepted", 5L));
        assertThat(counts(stats, "counts")).containsEntry("planned", 5L).containsEntry("waiting", 0L);
        assertThat(stats.getJsonArray("latest")).hasSize(1);
        var runs = world.get(campaign, "/runs").getJsonArray("items");
        assertThat(runs).isEqualTo(stats.getJsonArray("latest"));
        var message = runs.getJsonObject(0).getString("messageId");
        var status = ok(world.server.admin("GET", "/api/v1/webpush/messages/" + message, null));
        assertThat(status.getString("source")).isEqualTo("campaign");
        assertThat(status.getJsonObject("counts")).isEqualTo(stats.getJsonObject("counts"));
        assertThat(eventually("all is told", () -> world.facts(id), facts -> facts.contains("campaign.completed")))
                .containsExactly(
                        "campaign.submitted",
                        "campaign.rejected",
                        "campaign.submitted",
                        "campaign.approved",
                        "campaign.started",
                        "campaign.completed");
        assertThat(
                        ok(world.server.admin("GET", "/api/v1/audit/events?objectId=" + id, null))
                                .getJsonArray("items")
                                .stream()
                                .map(line -> ((JsonObject) line).getString("operation")))
                .contains("campaign.create", "campaign.reject", "campaign.approve", "campaign.launch");
    }

    // ---- planning --------------------------------------------------------------------------------------------------

    @Test
    void what_makes_no_sense_is_refused_with_its_place() {
        assertThat(pointers(world.server.admin("POST", CAMPAIGNS, draft(NOBODY)), 422))
                .containsExactly("/audience");
        var both = draft().put("template", new JsonObject().put("id", NOBODY));
        assertThat(pointers(world.server.admin("POST", CAMPAIGNS, both), 422)).containsExactly("/content");
        assertThat(pointers(world.server.admin("POST", CAMPAIGNS, draft().put("purpose", "fun")), 422))
                .containsExactly("/purpose");
        for (var bad : Map.of(
                        "/schedule/at", new JsonObject().put("kind", "instant"),
                        "/schedule/zone", hourly("2026-12-01T09:00").put("zone", "Mars/Base"),
                        "/schedule/rule", hourly("2026-12-01T09:00").put("rule", "FREQ=MINUTELY"),
                        "/schedule/start", hourly("2026-13-01T09:00"),
                        "/schedule/cutoff", hourly("2026-12-01T09:00").put("cutoff", "2026-12-01T09:00:00Z"))
                .entrySet()) {
            assertThat(pointers(world.server.admin("POST", CAMPAIGNS, draft().put("schedule", bad.getValue())), 422))
                    .containsExactly(bad.getKey());
        }
        var goal = new JsonObject()
                .put("event", "Bought")
                .put("windowHours", 1)
                .put(
                        "where",
                        new JsonArray()
                                .add(new JsonObject().put("property", "x").put("operator", "guess")));
        assertThat(pointers(world.server.admin("POST", CAMPAIGNS, draft().put("goal", goal)), 422))
                .allMatch(pointer -> pointer.startsWith("/goal/where/0"));
    }

    @Test
    void a_check_tells_all_that_stops_or_weakens_a_launch() {
        world.subscribe("checked-0");
        var bare = new JsonObject().put("name", "C " + UUID.randomUUID()).put("purpose", "marketing");
        assertThat(world.findings(world.campaign(bare)))
                .containsExactlyInAnyOrder("stops no_content", "stops no_audience");
        var empty = world.segment("none-", 0);
        var loud = draft(empty)
                .put("content", new JsonObject().put("title", "{{ oops").put("url", "https://shop.example"))
                .put("schedule", in(Duration.ofHours(-1)));
        assertThat(world.findings(world.campaign(loud)))
                .containsExactlyInAnyOrder("stops content", "stops schedule_past", "weakens audience_empty");
        assertThat(world.findings(world.campaign(draft(empty)))).containsExactly("stops audience_empty");
        var wrong = draft(empty).put("content", new JsonObject().put("title", "Hello {{ firstName }}"));
        assertThat(world.findings(world.campaign(wrong)))
                .containsExactlyInAnyOrder("stops audience_empty", "weakens unknown_variable");
        var unsaid = template("pt", "Olá {{ n }}");
        var byTemplate = draft(world.segment("check-", 1)).put("template", new JsonObject().put("id", unsaid));
        byTemplate.remove("content");
        var campaign = world.campaign(byTemplate);
        assertThat(world.findings(campaign)).containsExactly("stops template");
        approve(unsaid, 1);
        assertThat(world.findings(campaign)).containsExactly("weakens language");
        var refused = world.edit(world.campaign(loud.put("name", "again")), "POST", "/launch", null);
        assertThat(pointers(refused, 409)).contains("/content/title", "/audience");

        var policies = "/api/v1/cep/policies";
        var dark = new JsonObject()
                .put("name", "mourning")
                .put("start", "2020-01-01T00:00")
                .put("end", "2098-01-01T00:00")
                .put("zone", "workspace");
        var etag = world.server.admin("GET", policies, null).header("ETag");
        world.server.admin(
                "PUT", policies, new JsonObject().put("blackouts", new JsonArray().add(dark)), "If-Match", etag);
        var stop = new JsonObject().put("scope", "workspace").put("reason", "Wrong price");
        world.server.admin("PUT", "/api/v1/cep/kill-switch", stop);
        rules(new JsonObject()
                .put("quota", new JsonObject().put("deliveriesPerDay", 0).putNull("deliveriesPerMonth")));
        try {
            assertThat(world.findings(campaign))
                    .containsExactlyInAnyOrder(
                            "stops kill_switch", "stops quota", "stops blackout", "weakens language");
        } finally {
            world.server.admin("PUT", "/api/v1/cep/kill-switch", stop.copy().put("engaged", false));
            rules(new JsonObject()
                    .put("quota", new JsonObject().putNull("deliveriesPerDay").putNull("deliveriesPerMonth")));
            world.server.admin(
                    "PUT",
                    policies,
                    new JsonObject(),
                    "If-Match",
                    world.server.admin("GET", policies, null).header("ETag"));
        }
    }

    @Test
    void what_a_campaign_names_stays_until_it_is_over() {
        var segment = world.segment("held-", 1);
        var template = template("en", "Hello");
        approve(template, 1);
        var draft = draft(segment).put("template", new JsonObject().put("id", template));
        draft.remove("content");
        var campaign = world.campaign(draft);
        var name = campaign.getString("name");
        for (var path : List.of("/api/v1/segments/" + segment, "/api/v1/templates/" + template)) {
            var refused = world.server.admin("DELETE", path, null, "If-Match", "\"v1\"");
            assertThat(refused.status()).as(refused.body()).isEqualTo(409);
            assertThat(refused.json().getString("detail")).contains(name);
        }
        assertThat(world.server
                        .admin("POST", "/api/v1/templates/" + template + "/archive", null, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(409);
        assertThat(ok(world.server.admin("GET", "/api/v1/segments/" + segment + "/usage", null))
                        .getJsonArray("campaigns")
                        .getJsonObject(0)
                        .getString("name"))
                .isEqualTo(name);
        world.step(campaign, "archive");
        for (var path : List.of("/api/v1/segments/" + segment, "/api/v1/templates/" + template)) {
            assertThat(world.server
                            .admin("DELETE", path, null, "If-Match", "\"v1\"")
                            .status())
                    .isEqualTo(204);
        }
        assertThat(world.edit(campaign, "DELETE", "", null).status()).isEqualTo(204);
        assertThat(world.server.admin("GET", path(campaign), null).status()).isEqualTo(404);
    }

    @Test
    void what_was_approved_is_what_is_sent_and_a_change_is_approved_anew() {
        var template = template("en", "First");
        approve(template, 1);
        var draft = draft(world.segment("pinned-", 1))
                .put("template", new JsonObject().put("id", template))
                .put("schedule", in(Duration.ofHours(1)));
        draft.remove("content");
        var campaign = world.campaign(draft);
        world.step(campaign, "submit");
        assertThat(world.step(campaign, "approve").getString("approval"))
                .as("who made it may where nobody asks for four eyes")
                .isEqualTo("given");
        var other = new JsonObject().put("language", "en").put("content", new JsonObject().put("title", "Second"));
        ok(world.server.admin(
                "PATCH",
                "/api/v1/templates/" + template,
                new JsonObject().put("variants", new JsonArray().add(other)),
                "If-Match",
                "\"v1\""));
        approve(template, 2);
        var renamed = world.edited(campaign, "PATCH", "", new JsonObject().put("tags", new JsonArray().add("x")));
        assertThat(renamed.getString("status")).as("what it is called").isEqualTo("approved");
        var scheduled = world.step(renamed, "schedule");
        assertThat(scheduled.getLong("templateVersion")).isEqualTo(1);
        var changed = world.edited(scheduled, "PATCH", "", new JsonObject().put("ttl", 60));
        assertThat(changed.getString("status")).isEqualTo("draft");
        assertThat(changed.getValue("nextAt")).isNull();
        assertThat(changed.getValue("templateVersion")).isNull();
        assertThat(world.edit(scheduled, "POST", "/launch", null).status())
                .as("what was read is not what is there")
                .isEqualTo(412);
        assertThat(world.step(world.edited(changed, "PATCH", "", new JsonObject().put("ttl", 61)), "launch")
                        .getLong("templateVersion"))
                .isEqualTo(2);
        var done = world.awaitStatus(campaign, "completed");
        assertThat(world.edit(done, "PATCH", "", new JsonObject().put("ttl", 62))
                        .status())
                .isEqualTo(409);
        assertThat(world.edit(done, "DELETE", "", null).status()).isEqualTo(409);
        var copy = world.made(path(done) + "/clone", new JsonObject().put("name", "C " + UUID.randomUUID()));
        assertThat(copy.getString("status")).isEqualTo("draft");
        assertThat(copy.getJsonObject("audience")).isEqualTo(done.getJsonObject("audience"));
    }

    @Test
    void a_large_audience_needs_somebody_else() {
        var campaign = world.campaign(draft(world.segment("large-", 2)));
        rules(new JsonObject().put("approvalLimit", 1));
        try {
            var refused = world.edit(campaign, "POST", "/launch", null);
            assertThat(refused.status()).as(refused.body()).isEqualTo(409);
            world.step(campaign, "submit");
            assertThat(world.edit(campaign, "POST", "/approve", null).status()).isEqualTo(403);
            ok(world.as(world.server.member("marketing-manager"), campaign, "POST", "/approve", null));
            world.step(campaign, "launch");
            world.awaitStatus(campaign, "completed");
        } finally {
            rules(new JsonObject().putNull("approvalLimit"));
        }
    }

    // ---- who may ---------------------------------------------------------------------------------------------------

    @Test
    void roles_do_what_is_theirs_and_other_workspaces_see_nothing() {
        var editor = world.server.member("content-editor");
        var written = world.server.send("POST", CAMPAIGNS, editor, draft());
        assertThat(written.status()).as(written.body()).isEqualTo(201);
        var campaign = written.json();
        var segment = world.segment("whose-", 1);
        var audience = new JsonObject().put("audience", new JsonObject().put("include", new JsonArray().add(segment)));
        assertThat(world.as(editor, campaign, "PATCH", "", audience).status()).isEqualTo(403);
        assertThat(world.as(editor, campaign, "POST", "/launch", null).status()).isEqualTo(403);
        var sender = world.server.member("campaign-manager");
        var rule = new JsonObject()
                .put("audience", new JsonObject().put("rule", new JsonObject().put("type", "everyone")));
        assertThat(world.as(sender, campaign, "PATCH", "", rule).status())
                .as("who may not try rules out")
                .isEqualTo(403);
        campaign = ok(world.as(sender, campaign, "PATCH", "", audience));
        assertThat(world.as(world.server.member("segment-manager"), campaign, "GET", "", null)
                        .status())
                .isEqualTo(403);
        var other = world.server.otherWorkspace();
        for (var call : List.of(
                "GET ", "GET /stats", "GET /runs", "GET /progress", "POST /check", "POST /launch", "POST /cancel")) {
            var parts = call.split(" ", -1);
            assertThat(world.as(other, campaign, parts[0], parts[1], null).status())
                    .as(call)
                    .isEqualTo(404);
        }
        assertThat(ok(world.server.send("GET", CAMPAIGNS, other, null)).getJsonArray("items"))
                .isEmpty();
        assertThat(world.server.send("POST", CAMPAIGNS, other, draft(segment)).status())
                .isEqualTo(422);
    }

    @Test
    void lists_are_narrowed_sorted_and_paged() {
        var tag = UUID.randomUUID().toString().substring(0, 8);
        for (var name : List.of("b", "c", "a")) {
            world.campaign(draft().put("name", name + tag).put("tags", new JsonArray().add(tag)));
        }
        assertThat(names("?tag=" + tag)).containsExactly("a" + tag, "c" + tag, "b" + tag);
        assertThat(names("?sort=name&tag=" + tag)).containsExactly("a" + tag, "b" + tag, "c" + tag);
        for (var name : List.of("İn", "ip")) {
            world.campaign(draft().put("name", name + tag).put("tags", new JsonArray().add(tag)));
        }
        for (var sort : List.of("name", "updated", "created")) {
            var found = new ArrayList<String>();
            var query = "?limit=1&sort=" + sort + "&tag=" + tag;
            for (var cursor = ""; cursor != null; ) {
                var page = ok(world.server.admin("GET", CAMPAIGNS + query + cursor, null));
                page.getJsonArray("items").forEach(item -> found.add(((JsonObject) item).getString("name")));
                cursor = page.getString("nextCursor") == null ? null : "&cursor=" + page.getString("nextCursor");
            }
            assertThat(found).as(sort).isEqualTo(names("?sort=" + sort + "&tag=" + tag));
        }
        assertThat(names("?status=running&tag=" + tag)).isEmpty();
    }

    private static List<String> names(String query) {
        return ok(world.server.admin("GET", CAMPAIGNS + query, null)).getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("name"))
                .toList();
    }

    // ---- going out -------------------------------------------------------------------------------------------------

    @Test
    void a_campaign_goes_out_when_its_time_has_come_and_not_when_it_was_cancelled() {
        var segment = world.segment("timed-", 1);
        var soon = world.campaign(draft(segment).put("schedule", in(Duration.ofMillis(1_500))));
        var cancelled = world.campaign(draft(segment).put("schedule", in(Duration.ofMillis(1_500))));
        assertThat(world.step(soon, "schedule").getString("nextAt")).isNotNull();
        world.step(cancelled, "schedule");
        assertThat(world.step(cancelled, "cancel").getString("status")).isEqualTo("cancelled");
        assertThat(world.edit(cancelled, "POST", "/cancel", null).status()).isEqualTo(409);
        world.awaitStatus(soon, "completed");
        eventually(
                "no job waits",
                () -> world.rows(
                        "SELECT 1 FROM jobs WHERE type = 'campaigns.launch' AND due_at < now() + interval '1 hour'"),
                List::isEmpty);
        assertThat(world.get(cancelled, "/runs").getJsonArray("items")).isEmpty();
        assertThat(world.edit(soon, "POST", "/schedule", null).status()).isEqualTo(409);
    }

    @Test
    void each_time_of_a_recurring_campaign_is_sent_once_and_of_missed_ones_the_latest() {
        var campaign = world.campaign(draft(world.segment("again-", 2)).put("schedule", hourly("2026-01-01T00:30")));
        assertThat(campaign.getString("type")).isEqualTo("recurring");
        assertThat(world.edit(campaign, "POST", "/launch", null).status()).isEqualTo(409);
        var next = Instant.parse(world.step(campaign, "schedule").getString("nextAt"));
        var missed = next.minus(3, ChronoUnit.HOURS);
        // Two jobs want the same slot, as when a node that was believed dead comes back.
        world.execute(
                """
                INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                SELECT gen_random_uuid(), ws, type, key || '/again', lane, payload, due_at FROM jobs
                WHERE type = 'campaigns.launch' AND key LIKE '%s%%'
                """
                        .formatted(campaign.getString("id")));
        world.due(campaign, missed.toString());
        var runs = eventually(
                "the latest is sent",
                () -> world.get(campaign, "/runs").getJsonArray("items"),
                items -> items.size() == 3
                        && items.getJsonObject(0).getString("state").equals("completed"));
        assertThat(Stream.of(0, 1, 2).map(i -> runs.getJsonObject(i).getString("slot")))
                .containsExactly(
                        next.minus(1, ChronoUnit.HOURS).toString(),
                        next.minus(2, ChronoUnit.HOURS).toString(),
                        missed.toString());
        assertThat(runs.getJsonObject(1).getString("state")).isEqualTo("missed");
        assertThat(runs.getJsonObject(1).getString("reason")).isNotBlank();
        var running = world.get(campaign, "");
        assertThat(running.getString("status")).isEqualTo("running");
        assertThat(running.getString("nextAt")).isEqualTo(next.toString());
        assertThat(world.ledger(campaign)).isEqualTo(Map.of("accepted", 2L));
        assertThat(counts(world.get(campaign, "/stats"), "reasons")).isEqualTo(Map.of("accepted", 2L));
        assertThat(world.step(running, "cancel").getString("status")).isEqualTo("cancelled");
    }

    @Test
    void a_campaign_that_has_outgrown_what_nobody_else_approved_waits_for_somebody_else_each_time_that_it_is_due() {
        var segment = world.segment("grows-", 2);
        var once = world.campaign(draft(segment).put("schedule", in(Duration.ofHours(1))));
        var again = world.campaign(draft(segment).put("schedule", hourly("2026-01-01T00:30")));
        rules(new JsonObject().put("approvalLimit", 2));
        try {
            world.step(once, "schedule");
            var next = Instant.parse(world.step(again, "schedule").getString("nextAt"));
            world.due(again, next.minus(2, ChronoUnit.HOURS).toString());
            eventually("the first time is over", () -> world.ledger(again), Map.of("accepted", 2L)::equals);
            world.subscribe("grown");
            world.server.admin(
                    "POST",
                    "/api/v1/segments/" + segment + "/members",
                    new JsonObject().put("add", new JsonArray().add("user:grown")));
            var slot =
                    Instant.now().minusSeconds(1).truncatedTo(ChronoUnit.MILLIS).toString();
            for (var campaign : List.of(once, again)) {
                world.due(campaign, slot);
                var paused = world.awaitStatus(campaign, "paused");
                assertThat(paused.getString("comment")).contains("more people");
                assertThat(paused.getString("nextAt")).isEqualTo(slot);
                assertThat(world.edit(paused, "POST", "/resume", null).status()).isEqualTo(409);
                assertThat(world.edit(paused, "POST", "/approve", null).status())
                        .as("who made it")
                        .isEqualTo(403);
                var approved = ok(world.as(world.server.member("marketing-manager"), paused, "POST", "/approve", null));
                assertThat(approved.getString("status")).isEqualTo("paused");
                assertThat(approved.getString("approval")).isEqualTo("independent");
                assertThat(approved.getString("comment")).isEmpty();
            }
            assertThat(world.ledger(again)).isEqualTo(Map.of("accepted", 2L));
            assertThat(world.ledger(once)).isEmpty();
            assertThat(world.step(once, "resume").getString("status")).isEqualTo("running");
            world.awaitStatus(once, "completed");
            assertThat(world.ledger(once)).isEqualTo(Map.of("accepted", 3L));
            assertThat(eventually(
                            "all is told",
                            () -> world.facts(once.getString("id")),
                            facts -> facts.contains("campaign.completed")))
                    .containsSubsequence(
                            "campaign.paused", "campaign.approved", "campaign.started", "campaign.completed");

            var running = world.step(again, "resume");
            assertThat(running.getString("nextAt")).isEqualTo(next.toString());
            assertThat(world.get(again, "/runs").getJsonArray("items").stream()
                            .map(run -> ((JsonObject) run).getString("state")))
                    .as("the time at which it waited is left out")
                    .contains("missed");
            world.due(
                    again,
                    Instant.now().minusSeconds(1).truncatedTo(ChronoUnit.MILLIS).toString());
            eventually("it goes on", () -> world.ledger(again), Map.of("accepted", 5L)::equals);
            world.step(running, "cancel");
        } finally {
            rules(new JsonObject().putNull("approvalLimit"));
        }
    }

    @Test
    void what_is_too_late_by_its_cutoff_is_not_sent() {
        var segment = world.segment("late-", 1);
        // Half an hour away from now, whenever that is.
        int minute = (Instant.now().atZone(ZoneOffset.UTC).getMinute() + 30) % 60;
        var schedule = hourly("2026-01-01T00:%02d".formatted(minute)).put("cutoffMinutes", 1);
        var recurring = world.campaign(draft(segment).put("schedule", schedule));
        var next = Instant.parse(world.step(recurring, "schedule").getString("nextAt"));
        world.due(recurring, next.minus(2, ChronoUnit.HOURS).toString());
        var once = world.campaign(draft(segment).put("schedule", in(Duration.ofHours(1))));
        world.step(once, "schedule");
        var past = in(Duration.ofHours(-2))
                .put("cutoff", Instant.now().minusSeconds(60).toString());
        world.execute("UPDATE campaigns_campaign SET body = jsonb_set(body, '{schedule}', '%s') WHERE id = '%s'"
                .formatted(past.encode(), once.getString("id")));
        world.due(once, "2026-01-01T00:00:00Z");

        assertThat(world.awaitStatus(once, "failed").getString("comment")).contains("cutoff");
        world.awaitStatus(recurring, "running");
        for (var campaign : List.of(once, recurring)) {
            assertThat(world.get(campaign, "/runs").getJsonArray("items"))
                    .isNotEmpty()
                    .allMatch(run -> ((JsonObject) run).getString("state").equals("missed"));
            assertThat(world.ledger(campaign)).isEmpty();
        }
        world.step(world.get(recurring, ""), "cancel");
    }

    @Test
    void what_was_scheduled_before_a_restore_waits_until_somebody_lets_it_go() {
        var segment = world.segment("restored-", 1);
        var before = world.campaign(draft(segment).put("schedule", in(Duration.ofHours(1))));
        world.step(before, "schedule");
        var old = world.campaign(draft(segment));
        world.execute(
                "INSERT INTO cep_hold (last_run, reason, held_by) VALUES (nextval('cep_run_seq'), 'restored', 'test')");
        try {
            var after = world.campaign(draft(segment));
            world.step(after, "launch");
            world.awaitStatus(after, "completed");
            world.step(old, "launch");
            world.awaitStatus(old, "completed");
            var named = world.edited(before, "PATCH", "", new JsonObject().put("name", "N " + UUID.randomUUID()));
            assertThat(named.getString("status")).as("a name lets nothing go").isEqualTo("scheduled");
            var slot =
                    Instant.now().minusSeconds(1).truncatedTo(ChronoUnit.MILLIS).toString();
            world.due(before, slot);
            eventually(
                    "it was looked at, and waits",
                    () -> world.rows(
                            "SELECT state = 'waiting' AND due_at > now() AS waits FROM jobs WHERE type = 'campaigns.launch' AND key LIKE '%s%%'"
                                    .formatted(before.getString("id"))),
                    jobs -> jobs.size() == 1 && jobs.getFirst().getBoolean("waits"));
            assertThat(world.get(before, "/runs").getJsonArray("items")).isEmpty();
        } finally {
            world.execute("DELETE FROM cep_hold");
        }
        world.execute("UPDATE jobs SET due_at = now() WHERE type = 'campaigns.launch' AND key LIKE '%s%%'"
                .formatted(before.getString("id")));
        world.awaitStatus(before, "completed");
        assertThat(world.ledger(before)).isEqualTo(Map.of("accepted", 1L));
    }

    @Test
    void a_paused_campaign_rests_goes_on_and_is_cancelled_with_every_delivery_on_record() {
        var campaign = world.campaign(draft(world.segment("rest-", 4)).put("perMinute", 1));
        world.step(campaign, "launch");
        eventually("the first is there", () -> world.ledger(campaign), ledger -> ledger.equals(Map.of("accepted", 1L)));
        assertThat(world.edit(campaign, "PATCH", "", new JsonObject().put("ttl", 60))
                        .status())
                .as("what is going out stays as it is")
                .isEqualTo(409);
        assertThat(world.step(campaign, "pause").getString("status")).isEqualTo("paused");
        assertThat(world.edit(campaign, "POST", "/pause", null).status()).isEqualTo(409);
        var message = message(campaign);
        assertThat(message.getString("pausedAt")).isNotNull();
        assertThat(message.getString("campaignId")).isEqualTo(campaign.getString("id"));
        assertThat(world.step(campaign, "resume").getString("status")).isEqualTo("running");
        assertThat(message(campaign).getValue("pausedAt")).isNull();
        assertThat(world.step(campaign, "cancel").getString("status")).isEqualTo("cancelled");
        var stats = eventually(
                "all is over",
                () -> world.get(campaign, "/stats"),
                found -> found.getJsonArray("latest")
                                .getJsonObject(0)
                                .getString("state")
                                .equals("cancelled")
                        && found.getJsonObject("counts").getInteger("waiting") == 0);
        assertThat(counts(stats, "reasons"))
                .isEqualTo(world.ledger(campaign))
                .isEqualTo(Map.of("accepted", 1L, "cancelled", 3L));
    }

    private static JsonObject message(JsonObject campaign) {
        var run = world.get(campaign, "/runs").getJsonArray("items").getJsonObject(0);
        return ok(world.server.admin("GET", "/api/v1/webpush/messages/" + run.getString("messageId"), null));
    }

    @Test
    void everybody_gets_it_at_their_own_hour() {
        var segment = world.segment("hour-", 2);
        var tomorrow = LocalDateTime.now(ZoneOffset.UTC).plusHours(3).truncatedTo(ChronoUnit.MINUTES);
        var local = new JsonObject()
                .put("kind", "local")
                .put("start", tomorrow.toString())
                .put("zone", "UTC")
                .put("whenPassed", "skip");
        var best = new JsonObject()
                .put("kind", "best_hour")
                .put(
                        "at",
                        Instant.now()
                                .plusSeconds(2)
                                .truncatedTo(ChronoUnit.MILLIS)
                                .toString())
                .put("withinHours", 48);
        for (var schedule : List.of(local, best)) {
            var campaign = world.campaign(draft(segment).put("schedule", schedule));
            assertThat(campaign.getJsonObject("schedule").getMap()).containsAllEntriesOf(schedule.getMap());
            world.step(campaign, "schedule");
            world.awaitStatus(campaign, "running");
            var message = message(campaign);
            assertThat(message.containsKey(schedule == local ? "localHour" : "bestHour"))
                    .as(message.encode())
                    .isTrue();
            world.step(campaign, "cancel");
        }
        var over = new JsonObject().put("kind", "local").put("start", "2026-01-01T09:00");
        assertThat(world.findings(world.campaign(draft(segment).put("schedule", over))))
                .containsExactly("stops schedule_past");
        var held = world.campaign(draft(segment).put("holdoutPercent", 50).put("priority", 80));
        assertThat(held.getDouble("holdoutPercent")).isEqualTo(50);
        world.step(held, "launch");
        world.awaitStatus(held, "completed");
        assertThat(world.ledger(held).values().stream().mapToLong(n -> n).sum()).isEqualTo(2);
        assertThat(message(held).getDouble("holdoutPercent")).isEqualTo(50);
        assertThat(message(held).getInteger("priority")).isEqualTo(80);
    }

    @Test
    void a_campaign_that_cannot_be_sent_any_more_fails_and_says_why() {
        var campaign = world.campaign(draft(world.segment("fails-", 1)).put("schedule", in(Duration.ofHours(1))));
        world.step(campaign, "schedule");
        world.execute(
                "UPDATE campaigns_campaign SET body = jsonb_set(body, '{content,title}', '\"{{ oops\"') WHERE id = '%s'"
                        .formatted(campaign.getString("id")));
        world.due(
                campaign,
                Instant.now().minusSeconds(1).truncatedTo(ChronoUnit.MILLIS).toString());
        var failed = world.awaitStatus(campaign, "failed");
        assertThat(failed.getString("comment")).contains("content");
        assertThat(world.get(campaign, "/runs")
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("state"))
                .isEqualTo("failed");
    }

    @Test
    void a_test_goes_to_the_few_who_look_and_counts_for_nothing() {
        var browser = world.subscribe("tester");
        var campaign = world.campaign(draft());
        var to = new JsonObject().put("userIds", new JsonArray().add("tester"));
        var sent = world.server.admin("POST", path(campaign) + "/test-send", to);
        assertThat(sent.status()).as(sent.body()).isEqualTo(202);
        eventually("it is there", browser::receipts, receipts -> receipts.size() == 1);
        assertThat(world.get(campaign, "/runs").getJsonArray("items")).isEmpty();
        assertThat(world.get(campaign, "").getString("status")).isEqualTo("draft");
    }

    private static final String OWN = "/api/v1/webpush/own-browsers";

    private record OwnBrowser(FakePushService.VirtualSubscription browser, String id, JsonObject secret) {}

    private static OwnBrowser subscribed() {
        var key = world.server.browser("GET", "/api/v1/webpush/key", null).json();
        var browser = world.push.subscribe(key.getString("publicKey"));
        var saved = world.server.browser("POST", "/api/v1/webpush/subscriptions", browser.toJson());
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        return new OwnBrowser(
                browser,
                saved.json().getString("id"),
                new JsonObject().put("deviceSecret", saved.json().getString("deviceSecret")));
    }

    private static int link(String who, OwnBrowser browser, JsonObject secret) {
        return world.server.send("PUT", OWN + "/" + browser.id, who, secret).status();
    }

    @Test
    void a_test_goes_to_the_browsers_that_staff_have_linked_themselves_until_they_leave() {
        var colleague = world.server.member("campaign-manager");
        var id =
                ok(world.server.send("GET", "/api/v1/auth/me", colleague, null)).getString("id");
        var mine = subscribed();
        var other = subscribed();
        assertThat(link(colleague, mine, other.secret)).as("another's secret").isEqualTo(404);
        assertThat(link(world.server.otherWorkspace(), mine, mine.secret)).isEqualTo(404);
        assertThat(link(colleague, mine, mine.secret)).isEqualTo(200);
        assertThat(link(colleague, mine, mine.secret)).as("again").isEqualTo(200);
        assertThat(link(colleague, other, other.secret)).isEqualTo(200);
        assertThat(world.server
                        .send("DELETE", OWN + "/" + other.id, colleague, null)
                        .status())
                .isEqualTo(204);
        assertThat(ok(world.server.send("GET", OWN, colleague, null)).getJsonArray("items").stream()
                        .map(one -> ((JsonObject) one).getString("id")))
                .containsExactly(mine.id);
        assertThat(ok(world.server.admin("GET", OWN, null)).getJsonArray("items"))
                .as("each their own")
                .isEmpty();

        var campaign = world.campaign(draft());
        var me = staff(campaign, colleague, "me");
        assertThat(me.getInteger("planned")).isEqualTo(1);
        eventually("it is there", mine.browser::receipts, receipts -> receipts.size() == 1);
        var both = staff(campaign, world.server.token(), "me", id);
        assertThat(both.getJsonArray("unknown")).as("who has linked none").hasSize(1);
        eventually("it is there again", mine.browser::receipts, receipts -> receipts.size() == 2);
        assertThat(other.browser.receipts()).isEmpty();
        assertThat(world.get(campaign, "/runs").getJsonArray("items")).isEmpty();
        var mixed = new JsonObject().put("staff", new JsonArray().add("me")).put("userIds", new JsonArray().add("x"));
        for (var wrong : List.of(mixed, new JsonObject().put("staff", new JsonArray().add("nobody")))) {
            assertThat(world.server
                            .send("POST", path(campaign) + "/test-send", colleague, wrong)
                            .status())
                    .isBetween(400, 422);
        }

        var user = world.server.admin("GET", "/api/v1/users/" + id, null);
        assertThat(world.server
                        .admin("DELETE", "/api/v1/users/" + id, null, "If-Match", user.header("ETag"))
                        .status())
                .isEqualTo(204);
        assertThat(world.rows("SELECT 1 FROM webpush_own_browser WHERE account = '" + id + "'"))
                .isEmpty();
        assertThat(staff(campaign, world.server.token(), id).getInteger("planned"))
                .isZero();
    }

    private static JsonObject staff(JsonObject campaign, String who, String... staff) {
        var sent = world.server.send(
                "POST",
                path(campaign) + "/test-send",
                who,
                new JsonObject().put("staff", new JsonArray(List.of(staff))));
        assertThat(sent.status()).as(sent.body()).isEqualTo(202);
        return sent.json();
    }

    // ---- what it brought about -------------------------------------------------------------------------------------

    @Test
    void conversions_are_counted_of_who_was_reached_in_time_and_did_what_was_wanted() {
        var goal = new JsonObject()
                .put("event", "Order Completed")
                .put("windowHours", 2)
                .put(
                        "where",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("property", "total")
                                        .put("operator", "gte")
                                        .put("value", 10)));
        var campaign = world.campaign(draft(world.segment("buyer-", 3)).put("goal", goal));
        order("buyer-0", 50, "before");
        world.step(campaign, "launch");
        world.awaitStatus(campaign, "completed");
        order("buyer-0", 20.5, "one");
        order("buyer-0", 20.5, "one");
        order("buyer-0", 10, "two");
        order("buyer-1", 9, "too little");
        order("stranger", 99, "never reached");
        order("buyer-2", 100, "three");
        var stats = eventually(
                "all are counted",
                () -> world.get(campaign, "/stats").getJsonObject("conversions"),
                conversions -> conversions.getInteger("total") == 3);
        assertThat(stats)
                .isEqualTo(new JsonObject()
                        .put("people", 2)
                        .put("total", 3)
                        .put(
                                "values",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("currency", "EUR")
                                                .put("sum", 130.5))));
        world.execute("UPDATE cep_message SET accepted_at = accepted_at - interval '3 hours'");
        order("buyer-1", 77, "out of time");
        order("buyer-marker", 1, "marker");
        eventually(
                "it has passed",
                () -> world.server.admin("GET", "/api/v1/cdp/profiles/user:buyer-marker", null),
                answer -> answer.status() == 200);
        assertThat(world.rows("SELECT 1 FROM campaigns_conversion WHERE event = 'out of time'"))
                .isEmpty();
    }

    @Test
    void who_was_reached_as_who_they_were_before_converts_as_who_they_are_and_is_one_person() {
        var goal = new JsonObject().put("event", "Order Completed").put("windowHours", 2);
        var segment = world.segment("was-", 4);
        var visitor = visitor("was-visiting");
        var added = world.server.admin(
                "POST",
                "/api/v1/segments/" + segment + "/members",
                new JsonObject().put("add", new JsonArray().add(visitor)));
        assertThat(added.json().getInteger("added")).as(added.body()).isEqualTo(1);
        var campaign = world.campaign(draft(segment).put("goal", goal));
        world.step(campaign, "launch");
        world.awaitStatus(campaign, "completed");
        assertThat(world.ledger(campaign)).isEqualTo(Map.of("accepted", 5L));
        order("was-1", 1, "as who they were");
        alias("was-0", "is-0");
        alias("was-1", "is-1");
        alias("was-2", "was-3");
        identify("is-visiting", "was-visiting");
        order("is-0", 10, "another now");
        order("is-1", 100, "another since the first");
        order("was-3", 1_000, "both were reached");
        order("is-visiting", 10_000, "said their name since");
        var told = eventually(
                "all are counted",
                () -> world.get(campaign, "/stats").getJsonObject("conversions"),
                conversions -> conversions.getInteger("total") == 5);
        assertThat(told.getInteger("people")).isEqualTo(4);
        assertThat(told.getJsonArray("values").getJsonObject(0).getDouble("sum"))
                .isEqualTo(11_111);
    }

    @Test
    void who_became_one_with_somebody_who_got_it_does_not_get_it_again() {
        var segment = world.segment("twin-", 2);
        var campaign = world.campaign(draft(segment).put("perMinute", 1));
        world.step(campaign, "launch");
        eventually("the first has it", () -> world.ledger(campaign), Map.of("accepted", 1L)::equals);
        var first = world.rows(
                        """
                        SELECT i.value FROM campaigns_run c JOIN cep_run r ON r.id = c.message
                        JOIN cep_message m ON m.run = r.run AND m.state = 2
                        JOIN cdp_identity i ON i.ws = m.ws AND i.profile_no = m.profile_no AND i.kind = 0
                        WHERE c.campaign = '%s'
                        """
                                .formatted(campaign.getString("id")))
                .getFirst()
                .getString("value");
        alias(first, first.equals("twin-0") ? "twin-1" : "twin-0");
        eventually(
                "they are one",
                () -> world.rows(
                        "SELECT count(DISTINCT profile_no) AS people FROM cdp_identity WHERE value LIKE 'twin-_'"),
                rows -> rows.getFirst().getLong("people") == 1);
        world.execute("DELETE FROM cep_throttle");
        world.execute("UPDATE jobs SET due_at = now() WHERE type = 'cep.send' AND state = 'waiting'");
        world.awaitStatus(campaign, "completed");
        assertThat(world.ledger(campaign))
                .as("on neither of the browsers that they have now")
                .isEqualTo(Map.of("accepted", 1L, "duplicate", 2L));
        assertThat(counts(world.get(campaign, "/stats"), "reasons")).isEqualTo(world.ledger(campaign));
    }

    private static String visitor(String anonymousId) {
        var key = world.server.browser("GET", "/api/v1/webpush/key", null).json();
        var browser = world.push.subscribe(key.getString("publicKey"));
        var saved = world.server.admin(
                "POST", "/api/v1/webpush/subscriptions", browser.toJson().put("anonymousId", anonymousId));
        assertThat(saved.status()).as(saved.body()).isEqualTo(201);
        var path = "/api/v1/webpush/subscriptions/" + saved.json().getString("id");
        return ok(world.server.admin("GET", path, null)).getString("profileId");
    }

    private static void alias(String from, String to) {
        var alias = new JsonObject().put("previousId", from).put("userId", to);
        assertThat(world.server.admin("POST", "/v1/alias", alias).status()).isEqualTo(200);
    }

    private static void identify(String user, String visitor) {
        var identify = new JsonObject().put("userId", user).put("anonymousId", visitor);
        assertThat(world.server.admin("POST", "/v1/identify", identify).status())
                .isEqualTo(200);
    }

    private static void order(String user, double total, String id) {
        var event = new JsonObject()
                .put("writeKey", world.server.writeKey())
                .put("messageId", id)
                .put("userId", user)
                .put("event", "Order Completed")
                .put("properties", new JsonObject().put("total", total).put("currency", "EUR"));
        assertThat(world.server.admin("POST", "/v1/track", event).status()).isEqualTo(200);
    }
}
