package app.fathi.campaigns;

import static app.fathi.campaigns.CampaignsWorld.CAMPAIGNS;
import static app.fathi.campaigns.CampaignsWorld.draft;
import static app.fathi.campaigns.CampaignsWorld.ok;
import static app.fathi.campaigns.CampaignsWorld.path;
import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.campaigns.Entries.Entered;
import app.fathi.campaigns.Entries.Refused;
import app.fathi.campaigns.Entries.Why;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Campaigns that people are entered into one by one, over HTTP and as other domains do it. */
class TriggeredCampaignsTest {
    private static CampaignsWorld world;
    private static EntriesPort port;

    @BeforeAll
    static void start() {
        world = new CampaignsWorld();
        port = new EntriesPort(world);
    }

    @AfterAll
    static void stop() {
        port.close();
        world.close();
    }

    private static JsonObject triggered() {
        return new JsonObject().put("kind", "triggered");
    }

    private static JsonObject plan() {
        var plan = draft().put("schedule", triggered());
        plan.getJsonObject("content").put("title", "Order {{ data.order }}");
        return plan;
    }

    private static JsonObject launched(JsonObject plan) {
        return world.step(world.campaign(plan), "launch");
    }

    private static JsonObject user(String id) {
        return new JsonObject().put("userId", id);
    }

    private static JsonObject user(String id, Object order) {
        return user(id).put("data", new JsonObject().put("order", order));
    }

    private static JsonObject body(JsonObject... recipients) {
        return new JsonObject().put("recipients", new JsonArray(List.of(recipients)));
    }

    private static Answer trigger(JsonObject campaign, JsonObject body, String... headers) {
        return world.server.admin("POST", path(campaign) + "/trigger", body, headers);
    }

    private static JsonObject entered(JsonObject campaign, JsonObject... recipients) {
        var answer = trigger(campaign, body(recipients));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return answer.json();
    }

    private static List<String> statuses(JsonObject answer) {
        return answer.getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("status"))
                .toList();
    }

    private static String refusal(JsonObject campaign, JsonObject... recipients) {
        var answer = trigger(campaign, body(recipients));
        assertThat(answer.status()).as(answer.body()).isEqualTo(409);
        return answer.json().getString("detail");
    }

    private static JsonObject stats(JsonObject campaign) {
        return world.get(campaign, "/stats");
    }

    private static JsonObject ended(JsonObject campaign, int planned) {
        return eventually(
                "all have their end",
                () -> stats(campaign),
                stats -> stats.getJsonObject("counts").getInteger("planned") == planned
                        && stats.getJsonObject("counts").getInteger("waiting") == 0);
    }

    private static List<String> titles(FakePushService.VirtualSubscription browser) {
        return browser.receipts().stream()
                .map(receipt -> receipt.json().getJsonObject("notification").getString("title"))
                .toList();
    }

    private static int number(String user) {
        return world.rows("SELECT profile_no FROM cdp_profile WHERE user_id = '" + user + "'")
                .getFirst()
                .getInteger("profile_no");
    }

    private static UUID id(JsonObject campaign) {
        return UUID.fromString(campaign.getString("id"));
    }

    private static void rules(JsonObject change) {
        var path = "/api/v1/workspaces/current";
        var etag = world.server.admin("GET", path, null).header("ETag");
        ok(world.server.admin("PATCH", path, change, "If-Match", etag));
    }

    // ---- the whole way ---------------------------------------------------------------------------------------------

    @Test
    void each_who_is_entered_gets_the_message_with_what_is_theirs_and_all_of_it_is_the_campaigns() {
        var first = world.subscribe("way-0");
        var second = world.subscribe("way-1");
        var campaign = launched(plan());
        assertThat(campaign.getString("type")).isEqualTo("triggered");
        assertThat(campaign.getString("status")).isEqualTo("running");
        assertThat(campaign.getString("nextAt")).isNull();
        var profile = ok(world.server.admin("GET", "/api/v1/cdp/profiles/user:way-1", null));
        var answer = trigger(
                campaign,
                body(
                                user("way-0", "A-1"),
                                user("nobody-here"),
                                new JsonObject().put("profileId", profile.getString("id")),
                                user("way-0", "A-3"))
                        .put("data", new JsonObject().put("order", "for all")));
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        var taken = answer.json();
        assertThat(statuses(taken)).containsExactly("entered", "unknown", "entered", "duplicate");
        assertThat(taken.getInteger("entered")).isEqualTo(2);
        ended(campaign, 2);
        assertThat(titles(first)).containsExactly("Order A-1");
        assertThat(titles(second)).containsExactly("Order for all");
        entered(campaign, user("way-0", "A-4"));
        var stats = ended(campaign, 3);
        assertThat(titles(first)).containsExactly("Order A-1", "Order A-4");
        assertThat(stats.getInteger("runs")).isEqualTo(2);
        assertThat(stats.getJsonObject("reasons")).isEqualTo(new JsonObject().put("accepted", 3));
        assertThat(stats.getJsonArray("latest")).hasSize(2);
        var message = ok(world.server.admin("GET", "/api/v1/webpush/messages/" + taken.getString("messageId"), null));
        assertThat(message.getString("campaignId")).isEqualTo(campaign.getString("id"));
        assertThat(message.getString("source")).isEqualTo("campaign");
        var decisions =
                ok(world.server.admin("GET", "/api/v1/cep/decisions?messageId=" + taken.getString("messageId"), null));
        assertThat(decisions.getJsonArray("items"))
                .hasSize(2)
                .allMatch(one -> ((JsonObject) one).getString("campaignId").equals(campaign.getString("id")));
        var page = world.get(campaign, "/runs?limit=1");
        var rest = world.get(campaign, "/runs?limit=1&cursor=" + page.getString("nextCursor"));
        assertThat(Stream.of(page, rest).map(one -> one.getJsonArray("items").getJsonObject(0)))
                .allMatch(run -> run.getString("state").equals("completed") && run.getString("finishedAt") != null)
                .last()
                .extracting(run -> run.getString("messageId"))
                .isEqualTo(taken.getString("messageId"));
        assertThat(rest.getString("nextCursor")).isNull();
        var over = ok(world.server.admin("POST", path(campaign) + "/finish", null));
        assertThat(over.getString("status")).isEqualTo("completed");
        assertThat(refusal(campaign, user("way-0"))).contains("any more");
        assertThat(world.server.admin("POST", path(campaign) + "/finish", null).status())
                .isEqualTo(409);
        eventually(
                "what others learn",
                () -> world.facts(campaign.getString("id")),
                List.of("campaign.started", "campaign.completed")::equals);
    }

    @Test
    void what_does_not_fit_a_triggered_one_is_refused_where_it_stands() {
        var throttled = world.server.admin("POST", CAMPAIGNS, plan().put("perMinute", 10));
        assertThat(throttled.status()).isEqualTo(422);
        assertThat(throttled.body()).contains("/perMinute");
        var timed = world.server.admin(
                "POST", CAMPAIGNS, plan().put("schedule", triggered().put("start", "2026-12-01T09:00")));
        assertThat(timed.status()).isEqualTo(422);
        assertThat(timed.body()).contains("/schedule/start").contains("A schedule of the kind triggered has no start");
        var campaign = world.campaign(plan());
        assertThat(refusal(campaign, user("refused"))).contains("draft: nobody is entered until it is launched");
        var scheduled = world.edit(campaign, "POST", "/schedule", null);
        assertThat(scheduled.status()).isEqualTo(409);
        assertThat(scheduled.body()).contains("launch it");
        assertThat(world.findings(campaign)).isEmpty();
        assertThat(world.server
                        .admin("POST", path(campaign) + "/estimate", null)
                        .body())
                .contains("whoever is entered");
        var late = world.campaign(plan().put(
                        "schedule",
                        triggered().put("until", Instant.now().minusSeconds(60).toString())));
        assertThat(world.findings(late)).containsExactly("stops schedule_past");
        assertThat(world.edit(late, "POST", "/launch", null).status()).isEqualTo(409);
        var once = world.campaign(draft(world.segment("refused-", 1)));
        assertThat(refusal(once, user("refused-0"))).contains("times of its own");
        assertThat(world.server.admin("POST", path(once) + "/finish", null).status())
                .isEqualTo(409);
        var copy = world.made(path(campaign) + "/clone", new JsonObject().put("name", "C " + UUID.randomUUID()));
        assertThat(copy.getString("type")).isEqualTo("triggered");
    }

    // ---- who is entered --------------------------------------------------------------------------------------------

    @Test
    void only_who_is_in_the_audience_is_entered_and_nobody_again_within_the_cooldown() {
        var segment = world.segment("some-", 2);
        var out = world.segment("out-", 1);
        world.server.admin(
                "POST",
                "/api/v1/segments/" + segment + "/members",
                new JsonObject().put("add", new JsonArray().add("user:out-0")));
        var plan = plan().put("schedule", triggered().put("cooldownMinutes", 60));
        plan.getJsonObject("audience")
                .put("include", new JsonArray().add(segment))
                .put("exclude", new JsonArray().add(out));
        var campaign = launched(plan);
        world.subscribe("other-0");
        var all = new JsonObject[] {user("some-0"), user("out-0"), user("other-0"), user("nobody")};
        var dry = trigger(campaign, body(all).put("dryRun", true)).json();
        assertThat(statuses(dry)).containsExactly("dry-run", "not_in_audience", "not_in_audience", "unknown");
        assertThat(dry.getString("messageId")).isNull();
        assertThat(statuses(entered(campaign, all)))
                .containsExactly("entered", "not_in_audience", "not_in_audience", "unknown");
        assertThat(statuses(trigger(campaign, body(all).put("dryRun", true)).json()))
                .startsWith("cooldown");
        var again = entered(campaign, user("some-0"), user("some-1"));
        assertThat(statuses(again)).containsExactly("cooldown", "entered");
        var none = entered(campaign, user("some-0"), user("some-1"));
        assertThat(statuses(none)).containsExactly("cooldown", "cooldown");
        assertThat(none.getString("messageId")).isNull();
        assertThat(world.get(campaign, "/runs").getJsonArray("items")).hasSize(2);
        world.execute("UPDATE campaigns_entrant SET last_at = last_at - interval '61 minutes'");
        assertThat(statuses(entered(campaign, user("some-0")))).containsExactly("entered");
        assertThat(ended(campaign, 3).getJsonObject("reasons")).isEqualTo(new JsonObject().put("accepted", 3));
        var outsiders = launched(plan().put("audience", new JsonObject().put("exclude", new JsonArray().add(segment))));
        assertThat(statuses(entered(outsiders, user("some-0"), user("other-0"))))
                .containsExactly("not_in_audience", "entered");
    }

    @Test
    void visitors_are_entered_by_the_id_of_their_browser_unless_somebody_only_claims_it() {
        var key = world.server.browser("GET", "/api/v1/webpush/key", null).json();
        var browser = world.push.subscribe(key.getString("publicKey"));
        assertThat(world.server
                        .browser(
                                "POST",
                                "/api/v1/webpush/subscriptions",
                                browser.toJson().put("anonymousId", "visitor-1"))
                        .status())
                .isEqualTo(201);
        var campaign = launched(plan());
        var answer = entered(
                campaign,
                new JsonObject().put("anonymousId", "visitor-1").put("data", new JsonObject().put("order", "V")),
                new JsonObject().put("anonymousId", "visitor-2"));
        assertThat(statuses(answer)).containsExactly("entered", "unknown");
        ended(campaign, 1);
        assertThat(titles(browser)).containsExactly("Order V");
    }

    @Test
    void of_two_calls_at_once_for_one_person_one_enters_them() {
        world.subscribe("twice-0");
        var campaign = launched(plan().put("schedule", triggered().put("cooldownMinutes", 1)));
        var answers =
                atOnce(10, i -> statuses(entered(campaign, user("twice-0"))).getFirst());
        assertThat(answers).containsOnly("entered", "cooldown");
        assertThat(answers.stream().filter("entered"::equals)).hasSize(1);
    }

    private interface Ask<T> {
        T of(int i);
    }

    private static <T> List<T> atOnce(int times, Ask<T> ask) {
        var asked = IntStream.range(0, times)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> ask.of(i), task -> Thread.ofVirtual().start(task)))
                .toList();
        return asked.stream().map(CompletableFuture::join).toList();
    }

    // ---- what they are told ----------------------------------------------------------------------------------------

    @Test
    void the_version_that_was_settled_is_sent_with_variables_of_the_entry_and_what_does_not_fit_is_told_by_item() {
        var browser = world.subscribe("said-0");
        var second = world.subscribe("said-1");
        var variables = new JsonArray()
                .add(new JsonObject().put("name", "order").put("type", "number").put("missing", "fail"))
                .add(new JsonObject().put("name", "city").put("type", "string").put("missing", "empty"));
        var said = new JsonObject()
                .put("name", "T " + UUID.randomUUID())
                .put("variables", variables)
                .put("variants", variant("{{ order }} to {{ city }}"));
        var template = world.made("/api/v1/templates", said);
        var at = "/api/v1/templates/" + template.getString("id");
        approve(at, 1);
        var plan = plan().put("template", new JsonObject().put("id", template.getString("id")));
        plan.remove("content");
        var campaign = launched(plan);
        assertThat(campaign.getInteger("templateVersion")).isEqualTo(1);
        ok(world.server.admin("PATCH", at, new JsonObject().put("variants", variant("changed")), "If-Match", "\"v1\""));
        approve(at, 2);
        var answer = trigger(
                        campaign,
                        body(user("said-0", 7), user("said-1", "seven"), user("said-1"))
                                .put("data", new JsonObject().put("city", "Wien")))
                .json();
        assertThat(statuses(answer)).containsExactly("entered", "invalid", "duplicate");
        var fault = answer.getJsonArray("items")
                .getJsonObject(1)
                .getJsonArray("errors")
                .getJsonObject(0);
        assertThat(fault.getString("pointer")).isEqualTo("/recipients/1/data/order");
        assertThat(statuses(entered(campaign, user("said-1")))).containsExactly("invalid");
        ended(campaign, 1);
        assertThat(titles(browser)).containsExactly("7 to Wien");
        assertThat(titles(second)).isEmpty();
        assertThat(world.server
                        .admin("POST", at + "/archive", null, "If-Match", "\"v2\"")
                        .status())
                .as("while the campaign runs its template stays")
                .isEqualTo(409);
        var test = world.server.admin(
                "POST",
                path(campaign) + "/test-send",
                new JsonObject()
                        .put("userIds", new JsonArray().add("said-1"))
                        .put("data", new JsonObject().put("order", 9)));
        assertThat(test.status()).as(test.body()).isEqualTo(202);
        eventually("the test", () -> titles(second), titles -> titles.equals(List.of("9 to ")));
        assertThat(stats(campaign).getInteger("runs"))
                .as("a test counts for nothing")
                .isEqualTo(1);
    }

    private static JsonArray variant(String title) {
        return new JsonArray()
                .add(new JsonObject().put("language", "en").put("content", new JsonObject().put("title", title)));
    }

    private static void approve(String template, int version) {
        for (var step : List.of("/submit", "/approve")) {
            ok(world.server.admin("POST", template + step, null, "If-Match", "\"v" + version + "\""));
        }
    }

    @Test
    void data_without_bound_are_refused_and_nobody_is_entered() {
        world.subscribe("large-0");
        var campaign = launched(plan());
        var many = IntStream.range(0, 1_000).mapToObj(i -> user("large-" + i)).toArray(JsonObject[]::new);
        var answer = trigger(campaign, body(many).put("data", new JsonObject().put("order", "x".repeat(5_000))));
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.body()).contains("/data");
        assertThat(stats(campaign).getInteger("runs")).isZero();
    }

    @Test
    void an_entry_waits_for_the_database_three_times_and_once_more_where_somebody_may_rest() {
        world.subscribe("turns-0");
        var often = launched(plan());
        var seldom = launched(plan().put("schedule", triggered().put("cooldownMinutes", 60)));
        int person = number("turns-0");
        for (var campaign : List.of(often, seldom)) {
            port.enter(id(campaign), "first", person);
            world.execute("UPDATE campaigns_entrant SET last_at = last_at - interval '61 minutes'");
            var turns = new Turns();
            var entered = port.transactions
                    .run(tx -> port.enter(turns.of(tx), id(campaign), "second", person))
                    .await();
            assertThat(((Entries.Entered) entered).message()).isNotNull();
            assertThat(turns.taken()).isEqualTo(campaign == often ? 3 : 4);
            ended(campaign, 2);
        }
    }

    // ---- once ------------------------------------------------------------------------------------------------------

    @Test
    void the_same_idempotency_key_many_times_at_once_enters_once() {
        var browser = world.subscribe("key-0");
        var campaign = launched(plan());
        var answers = atOnce(10, i -> trigger(campaign, body(user("key-0", 1)), "Idempotency-Key", "parcel-7"));
        assertThat(answers).allMatch(answer -> answer.status() == 202 || answer.status() == 409);
        var replayed = trigger(campaign, body(user("key-0", 1)), "Idempotency-Key", "parcel-7");
        assertThat(replayed.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(trigger(campaign, body(user("key-0", 2)), "Idempotency-Key", "parcel-7")
                        .status())
                .isEqualTo(422);
        assertThat(ended(campaign, 1).getInteger("runs")).isEqualTo(1);
        assertThat(titles(browser)).containsExactly("Order 1");
    }

    @Test
    void other_domains_enter_once_for_each_key_however_many_nodes_ask_and_whichever_of_them_fail() {
        world.subscribe("port-0");
        world.subscribe("port-1");
        int one = number("port-0");
        int two = number("port-1");
        var campaign = launched(plan());
        var messages = atOnce(20, i -> ((Entered) port.enter(id(campaign), "event-1", one, two)));
        assertThat(messages.stream().map(Entered::message).distinct()).hasSize(1);
        assertThat(messages.stream().filter(entered -> !entered.before())).hasSize(1);
        var failed = port.transactions
                .run(tx -> port.enter(tx, id(campaign), "event-2", one)
                        .compose(done -> tx.query("SELECT 1 / 0").execute()))
                .map("committed")
                .otherwise("rolled back")
                .await();
        assertThat(failed).isEqualTo("rolled back");
        assertThat(((Entered) port.enter(id(campaign), "event-2", one)).before())
                .as("who died before the end has entered nobody")
                .isFalse();
        assertThat(ended(campaign, 3).getInteger("runs")).isEqualTo(2);
        assertThat(world.rows("SELECT 1 FROM campaigns_entrant WHERE campaign = '" + id(campaign) + "'"))
                .as("nobody asks for it")
                .isEmpty();
        assertThat(port.enter(UUID.randomUUID(), "event-3", one)).isInstanceOf(Refused.class);
        var choosy = launched(plan().put("schedule", triggered().put("cooldownMinutes", 5)));
        port.enter(id(choosy), "a", one);
        var left = ((Entered) port.enter(id(choosy), "b", one));
        assertThat(left.message()).isNull();
        assertThat(left.left().get(one).why()).isEqualTo(Why.COOLDOWN);
        assertThat(((Entered) port.enter(id(choosy), "b", two)).message())
                .as("a key of which nobody was entered is free")
                .isNotNull();
    }

    // ---- rests and ends --------------------------------------------------------------------------------------------

    @Test
    void what_was_entered_while_it_was_paused_waits_and_goes_out_once_when_it_goes_on() {
        var browser = world.subscribe("pause-0");
        var campaign = launched(plan());
        int no = number("pause-0");
        port.transactions
                .run(tx -> port.enter(tx, id(campaign), "late", no).map(done -> {
                    ok(pool(() -> world.server.admin("POST", path(campaign) + "/pause", null)));
                    return done;
                }))
                .await();
        assertThat(refusal(campaign, user("pause-0"))).contains("paused: nobody is entered until it is resumed");
        var message = world.get(campaign, "/runs")
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("messageId");
        var asked = ok(world.server.admin("GET", "/api/v1/webpush/messages/" + message, null));
        assertThat(asked.getString("pausedAt")).isNotNull();
        eventually(
                "its sender has seen the pause",
                () -> world.rows(
                        "SELECT due_at > now() + interval '1 hour' AS asleep FROM jobs WHERE type = 'cep.send'"),
                jobs -> !jobs.isEmpty() && jobs.stream().allMatch(job -> job.getBoolean("asleep")));
        assertThat(browser.receipts()).isEmpty();
        ok(world.server.admin("POST", path(campaign) + "/resume", null));
        ended(campaign, 1);
        assertThat(browser.receipts()).hasSize(1);
        entered(campaign, user("pause-0", 2));
        ended(campaign, 2);
        assertThat(browser.receipts()).hasSize(2);
    }

    /** On a thread of its own: the transaction's must not wait. */
    private static Answer pool(Ask0 ask) {
        return CompletableFuture.supplyAsync(
                        ask::now, task -> Thread.ofPlatform().start(task))
                .join();
    }

    private interface Ask0 {
        Answer now();
    }

    @Test
    void nothing_of_a_cancelled_one_goes_out_and_all_of_it_comes_to_its_end() {
        var browser = world.subscribe("cancel-0");
        world.subscribe("cancel-1");
        var campaign = launched(plan());
        ok(world.server.admin("POST", path(campaign) + "/pause", null));
        ok(world.server.admin("POST", path(campaign) + "/resume", null));
        entered(campaign, user("cancel-0", 1));
        ended(campaign, 1);
        int no = number("cancel-0");
        int other = number("cancel-1");
        // Held: both wait for somebody, one as it was written before and one that comes after.
        ok(world.server.admin("POST", path(campaign) + "/pause", null));
        world.execute("UPDATE campaigns_campaign SET status = 'running' WHERE id = '" + id(campaign) + "'");
        port.enter(id(campaign), "held", no, other);
        port.transactions
                .run(tx -> port.enter(tx, id(campaign), "open", no).map(done -> {
                    var answer = pool(() -> world.server.admin("POST", path(campaign) + "/cancel", null));
                    assertThat(ok(answer).getString("status")).isEqualTo("cancelled");
                    return done;
                }))
                .await();
        var stats = ended(campaign, 4);
        assertThat(stats.getJsonObject("reasons"))
                .isEqualTo(new JsonObject().put("accepted", 1).put("cancelled", 3));
        assertThat(browser.receipts()).hasSize(1);
        assertThat(world.get(campaign, "/runs").getJsonArray("items").stream()
                        .map(run -> ((JsonObject) run).getString("state")))
                .containsExactly("cancelled", "cancelled", "completed");
        assertThat(refusal(campaign, user("cancel-0"))).contains("any more");
        assertThat(world.edit(campaign, "POST", "/archive", null).status()).isEqualTo(200);
        assertThat(world.edit(campaign, "DELETE", "", null).status()).isEqualTo(204);
        assertThat(world.rows("SELECT 1 FROM campaigns_entry WHERE campaign = '" + id(campaign) + "'"))
                .isEmpty();
    }

    @Test
    void while_many_are_entered_a_pause_and_a_resume_lose_nobody_and_reach_nobody_twice() {
        var browsers = IntStream.range(0, 5)
                .mapToObj(i -> world.subscribe("crowd-" + i))
                .toList();
        var campaign = launched(plan());
        var taken = new TreeSet<Integer>();
        var asked = atOnce(40, i -> {
            if (i % 10 == 5) {
                world.server.admin("POST", path(campaign) + (i % 20 == 5 ? "/pause" : "/resume"), null);
            }
            var answer = trigger(campaign, body(user("crowd-" + i % 5, i)));
            assertThat(answer.status()).as(answer.body()).isIn(202, 409);
            return answer.status() == 202 ? i : -1;
        });
        asked.stream().filter(i -> i >= 0).forEach(taken::add);
        if (world.get(campaign, "").getString("status").equals("paused")) {
            ok(world.server.admin("POST", path(campaign) + "/resume", null));
        }
        ended(campaign, taken.size());
        var got = browsers.stream().flatMap(browser -> titles(browser).stream()).toList();
        assertThat(got).hasSameSizeAs(taken).doesNotHaveDuplicates();
        assertThat(Set.copyOf(got))
                .isEqualTo(Set.copyOf(taken.stream().map(i -> "Order " + i).toList()));
    }

    @Test
    void it_ends_at_its_time_also_where_it_was_paused_then() {
        world.subscribe("until-0");
        var soon = Instant.now().plus(Duration.ofHours(1)).toString();
        var running = launched(plan().put("schedule", triggered().put("until", soon)));
        var paused = launched(plan().put("schedule", triggered().put("until", soon)));
        entered(paused, user("until-0", 1));
        ended(paused, 1);
        ok(world.server.admin("POST", path(paused) + "/pause", null));
        var past = Instant.now().minusSeconds(1).toString();
        world.execute(
                """
                UPDATE campaigns_campaign SET body = jsonb_set(body, '{schedule,until}', '"%s"') WHERE id IN ('%s', '%s')
                """
                        .formatted(past, id(running), id(paused)));
        assertThat(refusal(running, user("until-0"))).contains("has ended at " + past.substring(0, 19));
        world.execute("UPDATE jobs SET due_at = now() WHERE type = 'campaigns.close'");
        world.awaitStatus(running, "completed");
        assertThat(world.get(paused, "").getString("status")).isEqualTo("paused");
        var resumed = ok(world.server.admin("POST", path(paused) + "/resume", null));
        assertThat(resumed.getString("status")).isEqualTo("completed");
    }

    // ---- who may ---------------------------------------------------------------------------------------------------

    @Test
    void where_there_is_a_limit_others_have_to_approve_it_at_its_launch_and_at_each_entry() {
        world.subscribe("eyes-0");
        var author = world.server.member("marketing-manager");
        var before = launched(plan());
        rules(new JsonObject().put("approvalLimit", 1_000));
        try {
            assertThat(refusal(before, user("eyes-0"))).contains("pause it, have it approved, and resume it");
            ok(world.server.admin("POST", path(before) + "/pause", null));
            assertThat(world.server
                            .admin("POST", path(before) + "/resume", null)
                            .status())
                    .isEqualTo(409);
            ok(world.as(author, before, "POST", "/approve", null));
            ok(world.server.admin("POST", path(before) + "/resume", null));
            assertThat(statuses(entered(before, user("eyes-0", 1)))).containsExactly("entered");
            var few = new JsonObject().put("include", new JsonArray().add(world.segment("eyes-few-", 1)));
            var campaign = world.campaign(plan().put("audience", few));
            assertThat(world.findings(campaign))
                    .as("also where it is for few as of now")
                    .containsExactly("stops approval");
            assertThat(world.edit(campaign, "POST", "/launch", null).status()).isEqualTo(409);
            world.step(campaign, "submit");
            ok(world.as(author, campaign, "POST", "/approve", null));
            world.step(campaign, "launch");
            assertThat(world.edit(campaign, "PATCH", "", new JsonObject().put("ttl", 60))
                            .status())
                    .as("what runs stays as it was approved")
                    .isEqualTo(409);
        } finally {
            rules(new JsonObject().putNull("approvalLimit"));
        }
    }

    @Test
    void who_may_send_may_trigger_and_a_transactional_one_asks_for_more() {
        world.subscribe("may-0");
        var marketing = launched(plan());
        var urgent = launched(plan().put("purpose", "transactional"));
        var path = path(marketing) + "/trigger";
        assertThat(world.server
                        .send("POST", path, world.server.member("campaign-manager"), body(user("may-0")))
                        .status())
                .isEqualTo(403);
        assertThat(world.server
                        .send("POST", path, world.server.otherWorkspace(), body(user("may-0")))
                        .status())
                .isEqualTo(404);
        var key = world.made(
                        "/api/v1/api-keys",
                        new JsonObject().put("name", "shop").put("permissions", new JsonArray().add("messages:send")))
                .getString("secret");
        assertThat(world.server.send("POST", path, key, body(user("may-0"))).status())
                .isEqualTo(202);
        assertThat(world.server
                        .send("POST", path(urgent) + "/trigger", key, body(user("may-0")))
                        .status())
                .isEqualTo(403);
        assertThat(statuses(entered(urgent, user("may-0")))).containsExactly("entered");
    }

    // ---- what holds for all messages -------------------------------------------------------------------------------

    @Test
    void holdout_duplicates_kill_switch_and_cutoff_hold_for_entries_as_for_others() {
        world.subscribe("rules-0");
        var deduped = launched(plan().put("dedupe", new JsonObject().put("key", "entries")));
        entered(deduped, user("rules-0"));
        ended(deduped, 1);
        entered(deduped, user("rules-0"));
        assertThat(ended(deduped, 2).getJsonObject("reasons"))
                .isEqualTo(new JsonObject().put("accepted", 1).put("duplicate", 1));
        var held = launched(plan().put("holdoutPercent", 50));
        var crowd = new ArrayList<JsonObject>();
        for (int i = 0; i < 20; i++) {
            world.server.admin(
                    "POST",
                    "/v1/identify",
                    new JsonObject().put("writeKey", world.server.writeKey()).put("userId", "lot-" + i));
            crowd.add(user("lot-" + i));
        }
        eventually(
                "all are known",
                () -> world.rows("SELECT count(*) AS n FROM cdp_profile WHERE user_id LIKE 'lot-%'"),
                rows -> rows.getFirst().getLong("n") == 20);
        entered(held, crowd.toArray(JsonObject[]::new));
        var first = ended(held, 20).getJsonObject("reasons");
        entered(held, crowd.toArray(JsonObject[]::new));
        var both = ended(held, 40).getJsonObject("reasons");
        assertThat(first.getInteger("holdout")).isBetween(1, 19);
        assertThat(both.getInteger("holdout")).as("the same ones").isEqualTo(2 * first.getInteger("holdout"));
        var killed = launched(plan());
        var stop = new JsonObject()
                .put("scope", "campaign")
                .put("target", killed.getString("id"))
                .put("reason", "wrong");
        ok(world.server.admin("PUT", "/api/v1/cep/kill-switch", stop));
        entered(killed, user("rules-0"));
        assertThat(ended(killed, 1).getJsonObject("reasons")).isEqualTo(new JsonObject().put("kill_switch", 1));
        var brief = launched(plan().put("schedule", triggered().put("cutoffMinutes", 5)));
        var message = entered(brief, user("rules-0")).getString("messageId");
        var cutoff = Instant.parse(ok(world.server.admin("GET", "/api/v1/webpush/messages/" + message, null))
                .getString("cutoff"));
        assertThat(Duration.between(Instant.now(), cutoff)).isBetween(Duration.ofMinutes(3), Duration.ofMinutes(5));
    }

    // ---- what it brought about -------------------------------------------------------------------------------------

    @Test
    void who_was_entered_and_did_what_it_is_for_converts_also_after_it_was_finished() {
        world.subscribe("goal-0");
        world.subscribe("goal-1");
        var goal = new JsonObject().put("event", "Paid").put("windowHours", 2);
        var campaign = launched(plan().put("goal", goal).put("ttl", 3_600));
        entered(campaign, user("goal-0"), user("goal-1"));
        ended(campaign, 2);
        entered(campaign, user("goal-0"));
        ended(campaign, 3);
        paid("goal-0", "one");
        paid("stranger", "other");
        ok(world.server.admin("POST", path(campaign) + "/finish", null));
        var goals =
                "SELECT extract(epoch FROM until - now())::int AS seconds FROM campaigns_goal WHERE campaign = '%s'";
        assertThat(world.rows(goals.formatted(id(campaign))).getFirst().getInteger("seconds"))
                .as("what waits for the morning may reach somebody in an hour, who then has two more")
                .isBetween(3 * 3_600 - 60, 3 * 3_600);
        paid("goal-1", "two");
        var conversions = eventually(
                "both are counted",
                () -> stats(campaign).getJsonObject("conversions"),
                found -> found.getInteger("total") == 2);
        assertThat(conversions.getInteger("people")).isEqualTo(2);
        var newest = world.get(campaign, "/runs")
                .getJsonArray("items")
                .getJsonObject(0)
                .getString("messageId");
        assertThat(world.rows("SELECT message FROM campaigns_conversion WHERE event = 'one'")
                        .getFirst()
                        .getUUID("message"))
                .as("the newest that had reached them")
                .hasToString(newest);
        var export = world.server.admin("GET", "/api/v1/cdp/profiles/user:goal-1/export", null);
        assertThat(export.body()).contains("\"entry\"").contains(campaign.getString("name"));
    }

    private static void paid(String user, String id) {
        var event = new JsonObject()
                .put("writeKey", world.server.writeKey())
                .put("messageId", id)
                .put("userId", user)
                .put("event", "Paid");
        assertThat(world.server.admin("POST", "/v1/track", event).status()).isEqualTo(200);
    }

    @Test
    void what_is_not_kept_any_more_stays_counted() {
        world.subscribe("kept-0");
        var campaign = launched(plan().put("schedule", triggered().put("cooldownMinutes", 525_600)));
        entered(campaign, user("kept-0"));
        var before = ended(campaign, 1);
        var kept = new KeptEntries();
        assertThat(port.transactions
                        .run(tx -> kept.forget(tx, EntriesPort.WS, 1, 100))
                        .await())
                .isZero();
        // Of the year 2004, as ids begin with their time.
        world.execute(
                """
                UPDATE campaigns_entry SET id = ('01000000' || substr(id::text, 9))::uuid WHERE campaign = '%1$s';
                UPDATE campaigns_entrant SET last_at = now() - interval '200 days' WHERE campaign = '%1$s'
                """
                        .formatted(id(campaign)));
        assertThat(port.transactions
                        .run(tx -> kept.forgetEverywhere(tx, 180, 100))
                        .await())
                .isEqualTo(2);
        var after = stats(campaign);
        assertThat(after.getJsonArray("latest")).isEmpty();
        assertThat(after.copy().putNull("latest")).isEqualTo(before.copy().putNull("latest"));
    }
}
