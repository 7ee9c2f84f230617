package app.fathi.bench;

import app.fathi.platform.config.Config;
import app.fathi.templates.Renderer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * B2 as marketers send: a campaign to a segment, by a template with two variables in two languages, under caps, quiet hours, a blackout
 * and a holdout, from its launch until the last result is durable; beside a message of the same length to the same people, which says the
 * same to all and asks nobody. At the end the same campaign while each tenth browser is gone.
 */
final class CampaignBench {
    private static final int PEOPLE = 100_000;
    private static final int ROUNDS = Integer.getInteger("rounds", 3);
    private static final int TENTH = 10;
    private static final int RENDERED = 200_000;

    private final BenchServer.Account admin;
    private final BenchServer server;
    private final Sink sink;
    private final int people;
    private int campaigns;

    private CampaignBench(BenchServer server, Sink sink, int people) {
        this.server = server;
        this.admin = server.admin();
        this.sink = sink;
        this.people = people;
    }

    /** @param arguments how many people, when not as many as B2 says */
    public static void main(String[] arguments) throws Exception {
        int people = arguments.length == 0 ? PEOPLE : Integer.parseInt(arguments[0]);
        var report = new Report("campaign", "%,d people by a campaign, results durable".formatted(people));
        try (var server = BenchServer.start()) {
            var file = server.folder().resolve("subscriptions");
            try (var sink = Sink.start(people, file, server.admin().vapidKey())) {
                server.admin().subscribe(named(Files.readAllLines(file)));
                new CampaignBench(server, sink, people).run(report);
            }
        }
        report.finish();
    }

    private static List<String> named(List<String> browsers) {
        var named = new ArrayList<String>(browsers.size());
        for (int i = 0; i < browsers.size(); i++) {
            named.add(new JsonObject(browsers.get(i))
                    .put("userId", "u" + i)
                    .put("traits", new JsonObject().put("firstName", "Ada " + i).put("items", i % 7))
                    .encode());
        }
        return named;
    }

    private void run(Report report) throws Exception {
        var segment = admin.ask(
                        "POST",
                        "/api/v1/segments",
                        new JsonObject()
                                .put("name", "Whoever has a name")
                                .put(
                                        "rule",
                                        new JsonObject()
                                                .put("type", "trait")
                                                .put("trait", "firstName")
                                                .put("operator", "exists")))
                .getString("id");
        // What an import tells of people is derived after it.
        while (live(segment) < people) {
            LockSupport.parkNanos(100_000_000);
        }
        var template = template();
        Report.progress("warming up");
        measured(() -> plain(segment));
        layDown(policies());
        measured(() -> campaign(segment, template));
        var plain = new ArrayList<Spent>();
        var campaign = new ArrayList<Spent>();
        for (int round = 1; round <= ROUNDS; round++) {
            layDown(new JsonObject());
            plain.add(measured(() -> plain(segment)));
            layDown(policies());
            campaign.add(measured(() -> campaign(segment, template)));
            Report.progress(
                    "round %d of %d: %,.0f /s, by a campaign %,.0f /s",
                    round, ROUNDS, plain.getLast().rate(), campaign.getLast().rate());
        }
        sink.goneEvery(TENTH);
        var bad = measured(() -> campaign(segment, template));
        if (bad.failed() == 0) {
            throw new IllegalStateException("no browser was gone");
        }

        var plainRate = report.add(Measure.of("a message that says the same to all", "/s", rates(plain)));
        var rate = report.add(Measure.of("a campaign: two variables, two languages, policies", "/s", rates(campaign)));
        report.add(Measure.ratio("campaign ÷ message", rate, plainRate));
        report.add(Measure.of("the same, each tenth browser gone", "/s", List.of(bad.rate())));
        report.add(Measure.of(
                "CPU of one message: server",
                "µs",
                plain.stream().map(Spent::serverMicros).toList()));
        report.add(Measure.of(
                "CPU of one message of the campaign: server",
                "µs",
                campaign.stream().map(Spent::serverMicros).toList()));
        report.add(Measure.of(
                "CPU of one message: database",
                "µs",
                plain.stream().map(Spent::databaseMicros).toList()));
        report.add(Measure.of(
                "CPU of one message of the campaign: database",
                "µs",
                campaign.stream().map(Spent::databaseMicros).toList()));
        report.add(Measure.of("rendering alone: a title and a body with two variables", "µs", rendering()));
    }

    private int live(String segment) {
        var now = admin.ask("GET", "/api/v1/segments/" + segment, null);
        return now.getString("state").equals("live") ? now.getInteger("people") : 0;
    }

    private static List<Double> rates(List<Spent> all) {
        return all.stream().map(Spent::rate).toList();
    }

    // --- what is sent -----------------------------------------------------------------------------------------------

    private void layDown(JsonObject policies) {
        admin.askAsRead("PUT", "/api/v1/cep/policies", "/api/v1/cep/policies", policies);
        // They are in force within a second.
        LockSupport.parkNanos(1_500_000_000L);
    }

    /** Nobody is stopped by any of these but the few who are held out: all have to be asked. */
    private static JsonObject policies() {
        var inSixHours = LocalTime.now(ZoneOffset.UTC).plusHours(6).withNano(0).withSecond(0);
        return new JsonObject()
                .put(
                        "caps",
                        JsonArray.of(
                                cap(
                                        "day",
                                        new JsonObject().put("kind", "rolling").put("hours", 24),
                                        50),
                                cap(
                                        "week",
                                        new JsonObject()
                                                .put("kind", "calendar")
                                                .put("unit", "week")
                                                .put("zone", "profile"),
                                        60)))
                .put(
                        "quietHours",
                        new JsonObject()
                                .put("start", inSixHours.toString())
                                .put("end", inSixHours.plusHours(2).toString())
                                .put("then", "hold"))
                .put(
                        "blackouts",
                        JsonArray.of(new JsonObject()
                                .put("name", "Later")
                                .put("start", "2099-12-24T00:00")
                                .put("end", "2099-12-27T00:00")))
                .put("holdout", new JsonObject().put("percent", 1));
    }

    private static JsonObject cap(String name, JsonObject window, int limit) {
        return new JsonObject().put("name", name).put("limit", limit).put("window", window);
    }

    private String template() {
        var template = admin.ask(
                "POST",
                "/api/v1/templates",
                new JsonObject()
                        .put("name", "Basket")
                        .put("language", "en")
                        .put(
                                "variables",
                                JsonArray.of(
                                        variable("firstName", "string").put("defaultValue", "there"),
                                        variable("items", "number").put("missing", "skip")))
                        .put("variants", JsonArray.of(variant("en", "Hello"), variant("pt-BR", "Olá"))));
        var path = "/api/v1/templates/" + template.getString("id");
        admin.askAsRead("POST", path + "/submit", path, null);
        admin.askAsRead("POST", path + "/approve", path, null);
        return template.getString("id");
    }

    private static JsonObject variable(String name, String type) {
        return new JsonObject().put("name", name).put("type", type).put("trait", name);
    }

    private static JsonObject variant(String language, String hello) {
        return new JsonObject()
                .put("language", language)
                .put(
                        "content",
                        new JsonObject()
                                .put("title", hello + " {{ firstName }}")
                                .put("body", "{{ items }} things are waiting in your basket, and the fox jumps.")
                                .put("url", "https://shop.example/"));
    }

    private String plain(String segment) {
        return admin.ask(
                        "POST",
                        "/api/v1/webpush/messages",
                        new JsonObject()
                                .put("audience", new JsonObject().put("segment", segment))
                                .put("purpose", "marketing")
                                .put(
                                        "content",
                                        new JsonObject()
                                                .put("title", "Hello Ada")
                                                .put("body", "3 things are waiting in your basket, and the fox jumps.")
                                                .put("url", "https://shop.example/")))
                .getString("id");
    }

    /** Its message's id. */
    private String campaign(String segment, String template) {
        var made = admin.ask(
                "POST",
                "/api/v1/campaigns",
                new JsonObject()
                        .put("name", "Campaign " + ++campaigns)
                        .put("purpose", "marketing")
                        .put("template", new JsonObject().put("id", template))
                        .put("audience", new JsonObject().put("include", JsonArray.of(segment))));
        var path = "/api/v1/campaigns/" + made.getString("id");
        admin.askAsRead("POST", path + "/launch", path, null);
        while (true) {
            var runs = admin.ask("GET", path + "/runs", null).getJsonArray("items");
            var message = runs.isEmpty() ? null : runs.getJsonObject(0).getString("messageId");
            if (message != null) {
                return message;
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    // --- what it costs ----------------------------------------------------------------------------------------------

    private record Spent(double rate, double serverMicros, double databaseMicros, long failed) {}

    private interface Send {
        /** The message's id. */
        String send();
    }

    private Spent measured(Send send) throws Exception {
        double serverBefore = Machine.processSeconds(server.pid());
        double databaseBefore = Processes.databaseSeconds(server.pid());
        long began = System.nanoTime();
        var path = "/api/v1/webpush/messages/" + send.send();
        var message = admin.ask("GET", path, null);
        while (!message.getString("state").equals("completed")) {
            LockSupport.parkNanos(100_000_000);
            message = admin.ask("GET", path, null);
        }
        double seconds = (System.nanoTime() - began) * 1e-9;
        var counts = message.getJsonObject("counts");
        if (counts.getLong("planned") != people || counts.getLong("skipped") > people / 50) {
            throw new IllegalStateException("not everybody got it: " + message.encode());
        }
        return new Spent(
                people / seconds,
                (Machine.processSeconds(server.pid()) - serverBefore) * 1e6 / people,
                (Processes.databaseSeconds(server.pid()) - databaseBefore) * 1e6 / people,
                counts.getLong("failed"));
    }

    /** In this process, on one thread. */
    private static List<Double> rendering() {
        var renderer = new Renderer(Config.of(Map.of()).render());
        var content = variant("en", "Hello").getJsonObject("content");
        var samples = new ArrayList<Double>();
        for (int round = 0; round < 5; round++) {
            long began = System.nanoTime();
            for (int i = 0; i < RENDERED; i++) {
                renderer.render(
                        content, new JsonObject().put("firstName", "Ada " + i).put("items", i % 7));
            }
            samples.add((System.nanoTime() - began) * 1e-3 / RENDERED);
        }
        return samples.subList(2, samples.size());
    }
}
