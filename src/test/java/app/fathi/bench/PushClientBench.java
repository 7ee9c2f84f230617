package app.fathi.bench;

import app.fathi.platform.config.Config;
import app.fathi.testing.TestCertificate;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The CPU of one push request, of 400 octets over TLS and HTTP/2: Fathi's client against the bare HTTP client under it (the
 * floor in Java) and h2load (the limit), all with the same sink.
 */
final class PushClientBench {
    /** The first 60,000 cost several times as much. */
    private static final int WARM_REQUESTS = 150_000;

    private static final int WARM_LIMIT_MILLIS = 15_000;
    private static final int ROUNDS = 9;
    private static final int TURN_MILLIS = 1500;

    /** In the package of the client, which nobody else may call. */
    private static final String FATHI = "app.fathi.webpush.PushClientLoad";

    private PushClientBench() {}

    public static void main(String[] arguments) throws Exception {
        var outbound = Config.of(Map.of()).outbound();
        var report = new Report("client", "the CPU of one push request");
        try (var sink = Contender.java("sink", PushSink.class)) {
            var url = sink.answer().getString("url");
            var h2load = new H2load(url, outbound.connectionsPerOrigin(), outbound.streamsPerConnection());
            var certificate = TestCertificate.get().pem().toString();
            try (var fathi = Contender.java("fathi", Class.forName(FATHI), url, certificate);
                    var bare = Contender.java("bare", BareClientLoad.class, url)) {
                var rounds = new Rounds()
                        .turn("Fathi", watching(sink, millis -> fathi.ask("steady " + millis)))
                        .turn("bare Vert.x client", watching(sink, millis -> bare.ask("steady " + millis)))
                        .turn("h2load", watching(sink, h2load::run))
                        .turn("Fathi, sending jobs", watching(sink, millis -> fathi.ask("jobs " + millis)));
                rounds.warm(WARM_REQUESTS, WARM_LIMIT_MILLIS);
                rounds.run(ROUNDS, TURN_MILLIS);
                add(report, rounds);
            }
        }
        report.finish();
    }

    private static void add(Report report, Rounds rounds) throws IOException {
        var fathi = report.add(rounds.measure("Fathi", "Fathi: CPU", "cpuMicros", "µs"));
        var jobs = report.add(rounds.measure("Fathi, sending jobs", "Fathi, sending jobs: CPU", "cpuMicros", "µs"));
        var bare = report.add(rounds.measure("bare Vert.x client", "bare Vert.x client: CPU", "cpuMicros", "µs"));
        var h2load = report.add(rounds.measure("h2load", "h2load: CPU", "cpuMicros", "µs"));
        report.add(Measure.ratio("bare Vert.x client ÷ Fathi", bare, fathi));
        report.add(Measure.ratio("bare Vert.x client ÷ Fathi, sending jobs", bare, jobs));
        report.add(Measure.ratio("h2load ÷ Fathi", h2load, fathi));
        for (var who : new String[] {"Fathi", "Fathi, sending jobs", "bare Vert.x client", "h2load"}) {
            report.add(rounds.measure(who, who + ": rate", "perSecond", "/s"));
            report.add(rounds.measure(who, who + ": CPU of the sink", "sinkMicros", "µs"));
        }
        report.add(rounds.measure("Fathi", "Fathi: allocated", "allocatedBytes", "octets"));
        report.add(rounds.measure("bare Vert.x client", "bare Vert.x client: allocated", "allocatedBytes", "octets"));
    }

    /** Adds what the sink used for one request, and refuses figures of requests that were not all answered with 201. */
    private static IntFunction<JsonObject> watching(Contender sink, IntFunction<JsonObject> turn) {
        return millis -> {
            double before = Machine.processSeconds(sink.pid());
            var answer = turn.apply(millis);
            if (answer.getLong("refused", 0L) > 0) {
                throw new IllegalStateException("the sink did not take every request: " + answer.encode());
            }
            double used = Machine.processSeconds(sink.pid()) - before;
            return answer.put("sinkMicros", used * 1e6 / answer.getLong("operations"));
        };
    }
}
