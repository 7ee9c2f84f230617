package app.fathi.campaigns;

import static app.fathi.campaigns.CampaignsWorld.CAMPAIGNS;
import static app.fathi.campaigns.CampaignsWorld.ok;
import static app.fathi.campaigns.CampaignsWorld.path;
import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.ChangingClocks;
import app.fathi.testing.EventStream;
import app.fathi.testing.FakePushService.VirtualSubscription;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A marketer's whole day by the API, while others send, subscribe and do things: a segment, a template in two languages, a campaign at
 * one hour of everybody's own day over a change of clocks, a second person's approval, progress as it happens, and results that are
 * those of the ledger at each position.
 */
class MarketersDayTest {
    private static final int EACH = 4;
    private static final Map<String, String> TITLES = Map.of("en", "Hello", "tr", "Merhaba");

    private static CampaignsWorld world;
    private static ChangingClocks clocks;

    @BeforeAll
    static void start() {
        clocks = new ChangingClocks();
        world = new CampaignsWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    /** Somebody who is to get it. */
    private record Recipient(String zone, String language, VirtualSubscription browser) {}

    private final Map<String, Recipient> recipients = new LinkedHashMap<>();

    @Test
    void a_campaign_goes_out_at_everybodys_own_hour_and_its_results_are_those_of_the_ledger_while_traffic_runs()
            throws InterruptedException {
        var author = world.server.member("campaign-manager");
        var manager = world.server.member("marketing-manager");
        var segment = segment();
        var template = template();
        var hour = LocalDateTime.now(ZoneOffset.UTC).plusHours(2).truncatedTo(ChronoUnit.MINUTES);
        try (var traffic = new Traffic()) {
            rules(new JsonObject().put("fourEyes", true));
            var made = world.server.send("POST", CAMPAIGNS, author, draft(segment, template, hour));
            assertThat(made.status()).as(made.body()).isEqualTo(201);
            var campaign = made.json();
            assertThat(ok(world.server.send("POST", path(campaign) + "/estimate", author, null)))
                    .isEqualTo(new JsonObject().put("people", 3 * EACH + 1).put("reachable", 3 * EACH));
            ok(world.as(author, campaign, "POST", "/submit", null));
            assertThat(world.as(author, campaign, "POST", "/schedule", null).status())
                    .isEqualTo(409);
            var approved = ok(world.as(manager, campaign, "POST", "/approve", null));
            assertThat(approved.getString("approval")).isEqualTo("independent");

            try (var stream = EventStream.open(
                    world.server.url() + path(campaign) + "/progress?seconds=120", world.server.token())) {
                stream.await("the first look", heard -> heard.size() == 1);
                var hours = changeClocks(hour);
                ok(world.as(author, approved, "POST", "/schedule", null));
                plannedFor(campaign, hours);
                int matches = 0;
                while (!world.get(campaign, "").getString("status").equals("completed")) {
                    matches += reconcile(campaign) ? 1 : 0;
                }
                assertThat(matches).as("looks at a moment of which both tell").isPositive();
                heard(stream.await(
                        "its end",
                        heard -> heard.getLast().data().getString("status").equals("completed")));
                received(campaign, hours);
            }
            converted(campaign);
            eventually(
                    "all devices have told",
                    () -> ledger(campaign),
                    found -> found.counts().get("clicked").equals((long) EACH * 3 / 2)
                            && found.counts().get("shown").equals(EACH * 3L));
            assertThat(reconcile(campaign)).as("nothing more happens to it").isTrue();
            assertThat(traffic.rounds.get()).isPositive();
            assertThat(traffic.failure).isNull();
        } finally {
            rules(new JsonObject().put("fourEyes", false));
        }
        var stats = world.get(campaignNamed(), "/stats");
        assertThat(stats.getJsonObject("counts").getMap())
                .isEqualTo(new TreeMap<>(Map.of(
                        "planned",
                        3 * EACH + 1,
                        "waiting",
                        0,
                        "accepted",
                        3 * EACH,
                        "failed",
                        0,
                        "skipped",
                        1,
                        "shown",
                        3 * EACH,
                        "clicked",
                        3 * EACH / 2,
                        "closed",
                        0)));
        assertThat(stats.getJsonObject("reasons").getMap())
                .isEqualTo(Map.of("accepted", 3 * EACH, "no_subscription", 1));
        assertThat(world.push.faults()).isEmpty();
    }

    // ---- what is there beforehand
    // ------------------------------------------------------------------------------------

    private String segment() {
        var names = new JsonArray();
        for (var zone : List.of(clocks.steady, clocks.forward, clocks.back)) {
            for (int i = 0; i < EACH; i++) {
                var user = zone.substring(0, 4) + i;
                var language = i % 2 == 0 ? "en" : "tr";
                recipients.put(user, new Recipient(zone, language, subscribe(user, language)));
                lives(user, zone);
                names.add("user:" + user);
            }
        }
        lives("unreachable", clocks.steady);
        names.add("user:unreachable");
        eventually(
                "it is known where they live",
                () -> world.rows("SELECT 1 FROM cdp_profile WHERE traits ->> '$timezone' LIKE '%"
                        + clocks.steady.substring(6) + "'"),
                rows -> rows.size() == names.size());
        var segment = world.made("/api/v1/segments", new JsonObject().put("name", "Customers"))
                .getString("id");
        assertThat(world.server
                        .admin("POST", "/api/v1/segments/" + segment + "/members", new JsonObject().put("add", names))
                        .json()
                        .getInteger("added"))
                .isEqualTo(names.size());
        return segment;
    }

    private static VirtualSubscription subscribe(String user, String language) {
        var key = world.server.browser("GET", "/api/v1/webpush/key", null).json();
        var browser = world.push.subscribe(key.getString("publicKey"));
        var draft = browser.toJson().put("userId", user).put("language", language);
        assertThat(world.server
                        .admin("POST", "/api/v1/webpush/subscriptions", draft)
                        .status())
                .isEqualTo(201);
        return browser;
    }

    private static void lives(String user, String zone) {
        var identify = new JsonObject()
                .put("userId", user)
                .put("context", new JsonObject().put("timezone", zone))
                .put("traits", new JsonObject().put("name", user));
        assertThat(world.server.admin("POST", "/v1/identify", identify).status())
                .isEqualTo(200);
    }

    private static String template() {
        var variants = new JsonArray();
        TITLES.forEach((language, title) -> variants.add(
                new JsonObject().put("language", language).put("content", new JsonObject().put("title", title))));
        var template = world.made(
                        "/api/v1/templates",
                        new JsonObject().put("name", "Good morning").put("variants", variants))
                .getString("id");
        for (var step : List.of("/submit", "/approve")) {
            ok(world.server.admin("POST", "/api/v1/templates/" + template + step, null, "If-Match", "\"v1\""));
        }
        return template;
    }

    private static void rules(JsonObject change) {
        var workspace = "/api/v1/workspaces/current";
        ok(world.server.admin(
                "PATCH",
                workspace,
                change,
                "If-Match",
                world.server.admin("GET", workspace, null).header("ETag")));
    }

    private static JsonObject draft(String segment, String template, LocalDateTime hour) {
        return new JsonObject()
                .put("name", "A marketer's day")
                .put("purpose", "marketing")
                .put("template", new JsonObject().put("id", template))
                .put("audience", new JsonObject().put("include", new JsonArray().add(segment)))
                .put("schedule", new JsonObject().put("kind", "local").put("start", hour.toString()))
                .put("goal", new JsonObject().put("event", "Order Completed").put("windowHours", 1));
    }

    private static JsonObject campaignNamed() {
        return ok(world.server.admin("GET", CAMPAIGNS + "?q=marketer", null))
                .getJsonArray("items")
                .getJsonObject(0);
    }

    /** When it is that hour where. Between the first and the last of them two zones change their clocks. */
    private static Map<String, Instant> changeClocks(LocalDateTime hour) {
        var first = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(2);
        var hours = Map.of(
                clocks.steady, first,
                clocks.back, first.plusSeconds(1),
                clocks.forward, first.plusSeconds(2));
        clocks.change(hour, hours.get(clocks.steady), hours.get(clocks.forward), hours.get(clocks.back));
        assertThat(clocks.in(clocks.forward).getTransition(hour).isGap()).isTrue();
        assertThat(clocks.in(clocks.back).getTransition(hour).isOverlap()).isTrue();
        return hours;
    }

    // ---- what came of it
    // ---------------------------------------------------------------------------------------------

    /** Everybody is planned before it is their hour, for their hour. */
    private void plannedFor(JsonObject campaign, Map<String, Instant> hours) {
        var planned = eventually(
                "everybody is found",
                () -> world.rows(
                        """
                        SELECT i.value, k.send_at FROM campaigns_run c JOIN cep_run r ON r.id = c.message
                        JOIN cep_chunk k ON k.run = r.run CROSS JOIN unnest(k.profile_nos) AS p (no)
                        JOIN cdp_identity i ON i.ws = r.ws AND i.profile_no = p.no AND i.kind = 0
                        WHERE c.campaign = '%s'
                        """
                                .formatted(campaign.getString("id"))),
                rows -> rows.size() == recipients.size() + 1);
        for (var row : planned) {
            var recipient = recipients.get(row.getString("value"));
            var zone = recipient == null ? clocks.steady : recipient.zone();
            assertThat(row.getOffsetDateTime("send_at").toInstant())
                    .as(row.getString("value"))
                    .isEqualTo(hours.get(zone));
        }
    }

    /** Everybody got it once, in their language, and not before their hour. */
    private void received(JsonObject campaign, Map<String, Instant> hours) {
        recipients.forEach((user, recipient) -> {
            var receipts = recipient.browser().receipts();
            assertThat(receipts).as(user).hasSize(1);
            assertThat(receipts.getFirst().json().getJsonObject("notification").getString("title"))
                    .isEqualTo(TITLES.get(recipient.language()));
        });
        var accepted = new HashMap<String, OffsetDateTime>();
        world.rows(
                        """
                        SELECT i.value, m.accepted_at FROM campaigns_run c JOIN cep_run r ON r.id = c.message
                        JOIN cep_message m ON m.run = r.run AND m.state = 2
                        JOIN cdp_identity i ON i.ws = r.ws AND i.profile_no = m.profile_no AND i.kind = 0
                        WHERE c.campaign = '%s'
                        """
                                .formatted(campaign.getString("id")))
                .forEach(row -> accepted.put(row.getString("value"), row.getOffsetDateTime("accepted_at")));
        assertThat(accepted.keySet()).isEqualTo(recipients.keySet());
        accepted.forEach((user, at) -> assertThat(at.toInstant())
                .as(user)
                .isAfterOrEqualTo(hours.get(recipients.get(user).zone())));
    }

    /** Progress was told as it happened, and never went back. */
    private static void heard(List<EventStream.Event> heard) {
        var positions = heard.stream()
                .map(event -> event.data().getJsonObject("run"))
                .filter(run -> run != null && run.containsKey("position"))
                .map(run -> run.getLong("position"))
                .toList();
        assertThat(positions).hasSizeGreaterThan(2).isSorted();
    }

    private void converted(JsonObject campaign) {
        var users = List.copyOf(recipients.keySet());
        for (var user : List.of(users.get(0), users.get(5), "a stranger")) {
            order(user);
        }
        var told = eventually(
                "orders are counted",
                () -> world.get(campaign, "/stats").getJsonObject("conversions"),
                found -> found.getInteger("total") >= 2);
        order("marker");
        eventually(
                "the stranger's has passed",
                () -> world.server.admin("GET", "/api/v1/cdp/profiles/user:marker", null),
                answer -> answer.status() == 200);
        var row = world.rows(
                        """
                        SELECT count(DISTINCT profile_no) AS people, count(*) AS total, sum(value) AS value
                        FROM campaigns_conversion WHERE campaign = '%s'
                        """
                                .formatted(campaign.getString("id")))
                .getFirst();
        assertThat(told.getLong("people")).isEqualTo(row.getLong("people")).isEqualTo(2);
        assertThat(told.getLong("total")).isEqualTo(row.getLong("total")).isEqualTo(2);
        assertThat(told.getJsonArray("values").getJsonObject(0).getDouble("sum"))
                .isEqualTo(row.getDouble("value"))
                .isEqualTo(20.0);
    }

    private static void order(String user) {
        var event = new JsonObject()
                .put("userId", user)
                .put("event", "Order Completed")
                .put("properties", new JsonObject().put("total", 10).put("currency", "EUR"));
        assertThat(world.server.admin("POST", "/v1/track", event).status()).isEqualTo(200);
    }

    // ---- the ledger
    // --------------------------------------------------------------------------------------------------

    /** What the ledger's own rows say at one moment: no count that anybody keeps. */
    private record Ledger(long position, Map<String, Long> counts, Map<String, Long> reasons) {}

    private static Ledger ledger(JsonObject campaign) {
        var rows = world.rows(
                """
                WITH run AS (
                  SELECT r.run FROM campaigns_run c JOIN cep_run r ON r.id = c.message WHERE c.campaign = '%s'
                ), person AS (
                  SELECT coalesce(sum(cardinality(profile_nos)), 0) AS planned FROM cep_chunk JOIN run USING (run)
                ), delivery AS (
                  SELECT count(*) FILTER (WHERE rank > 0) AS further, count(*) FILTER (WHERE state = 2) AS accepted,
                         count(*) FILTER (WHERE state = 3) AS failed, count(*) FILTER (WHERE state = 4) AS skipped,
                         count(shown_at) AS shown, count(clicked_at) AS clicked, count(closed_at) AS closed
                  FROM cep_message JOIN run USING (run)
                ), reason AS (
                  SELECT e.name, count(*) AS n FROM cep_message m JOIN run USING (run) JOIN cep_reason e ON e.code = m.reason
                  WHERE m.state >= 2 GROUP BY e.name
                )
                SELECT *, (SELECT jsonb_object_agg(name, n) FROM reason) AS reasons FROM person, delivery
                """
                        .formatted(campaign.getString("id")));
        var row = rows.getFirst();
        var counts = new TreeMap<String, Long>();
        for (var name : List.of("planned", "accepted", "failed", "skipped", "shown", "clicked", "closed")) {
            counts.put(name, row.getLong(name));
        }
        long ended = counts.get("accepted") + counts.get("failed") + counts.get("skipped");
        long begun = counts.get("planned") + row.getLong("further");
        counts.put("waiting", begun - ended);
        var reasons = new TreeMap<String, Long>();
        var told = row.getJsonObject("reasons");
        if (told != null) {
            told.forEach(one -> reasons.put(one.getKey(), ((Number) one.getValue()).longValue()));
        }
        return new Ledger(
                begun + ended + counts.get("shown") + counts.get("clicked") + counts.get("closed"), counts, reasons);
    }

    private static Map<String, Long> longs(JsonObject json) {
        var longs = new TreeMap<String, Long>();
        json.forEach(one -> longs.put(one.getKey(), ((Number) one.getValue()).longValue()));
        return longs;
    }

    /**
     * What is told lies between what the ledger said before and what it says after; where both are the same, it is the same.
     *
     * @return whether it was
     */
    private static boolean reconcile(JsonObject campaign) {
        var before = ledger(campaign);
        var stats = world.get(campaign, "/stats");
        var after = ledger(campaign);
        long position = stats.getLong("position");
        assertThat(position).isBetween(before.position(), after.position());
        for (var known : List.of(before, after)) {
            if (known.position() == position) {
                assertThat(longs(stats.getJsonObject("counts"))).isEqualTo(known.counts());
                assertThat(longs(stats.getJsonObject("reasons"))).isEqualTo(known.reasons());
            }
        }
        return before.position() == position || after.position() == position;
    }

    // ---- what others do meanwhile
    // ------------------------------------------------------------------------------------

    /** Other people subscribe, do things and are sent other messages; devices of the campaign's report what they show. */
    private final class Traffic implements AutoCloseable {
        private final AtomicInteger rounds = new AtomicInteger();
        private final Map<String, Boolean> reported = new ConcurrentHashMap<>();
        private final List<Thread> threads;
        private volatile boolean over;
        private volatile Throwable failure;

        Traffic() {
            threads = List.of(
                    Thread.ofVirtual().start(() -> repeat(this::others)),
                    Thread.ofVirtual().start(() -> repeat(this::devices)));
        }

        private void repeat(Runnable what) {
            try {
                while (!over) {
                    what.run();
                    Thread.sleep(20);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | AssertionError e) {
                failure = e;
            }
        }

        private void others() {
            var user = "bystander-" + rounds.getAndIncrement();
            subscribe(user, "en");
            order(user);
            var message = new JsonObject()
                    .put("audience", new JsonObject().put("userIds", new JsonArray().add(user)))
                    .put("content", new JsonObject().put("title", "Your parcel"))
                    .put("purpose", "marketing");
            assertThat(world.server
                            .admin("POST", "/api/v1/webpush/messages", message)
                            .status())
                    .isEqualTo(202);
        }

        private void devices() {
            int no = 0;
            for (var recipient : recipients.values()) {
                boolean clicks = no++ % 2 == 0;
                for (var receipt : recipient.browser().receipts()) {
                    if (reported.putIfAbsent(receipt.messageId(), true) == null) {
                        var token = receipt.json()
                                .getJsonObject("notification")
                                .getJsonObject("data")
                                .getJsonObject("fathi")
                                .getString("token");
                        report(token, "shown");
                        if (clicks) {
                            report(token, "clicked");
                        }
                    }
                }
            }
        }

        private static void report(String token, String type) {
            var report = new JsonObject()
                    .put(
                            "interactions",
                            new JsonArray()
                                    .add(new JsonObject().put("token", token).put("type", type)));
            world.server.raw("POST", "/api/v1/webpush/track", null, report.encode(), "Content-Type", "text/plain");
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            for (var thread : threads) {
                thread.join();
            }
        }
    }
}
