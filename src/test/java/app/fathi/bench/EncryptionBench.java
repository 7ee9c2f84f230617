package app.fathi.bench;

import app.fathi.webpush.encryption.CryptoProviders;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * B1: messages encrypted and authorised per second, a fresh key pair for each, against a bare loop of the same provider
 * (the floor) and npm web-push (the peer).
 */
final class EncryptionBench {
    /** Octets of plaintext: near the limit of 3,993, and a usual one. */
    static final List<Integer> SIZES = List.of(3072, 400);

    private static final int CORES = Runtime.getRuntime().availableProcessors();
    private static final int WARM_MESSAGES = 30_000;
    private static final int WARM_LIMIT_MILLIS = 4000;
    private static final int ROUNDS = 11;
    private static final int TURN_MILLIS = 500;

    private EncryptionBench() {}

    public static void main(String[] arguments) throws IOException {
        EncryptionSet.write();
        var report = new Report("B1", "encrypt and authorise one message");
        var providers = CryptoProviders.available();
        fastest(report, providers.getFirst());
        providers.stream().skip(1).forEach(provider -> other(report, provider));
        report.finish();
    }

    private static void fastest(Report report, String provider) {
        try (var fathi = Contender.java("fathi", FathiEncryption.class, provider);
                var bare = Contender.java("bare", BareEncryption.class, provider);
                var peer = Contender.node("web-push", "bench-web-push.mjs", EncryptionSet.FILE.toString())) {
            var rounds = new Rounds();
            for (int octets : SIZES) {
                for (int threads : List.of(1, CORES)) {
                    add(rounds, "Fathi", fathi, octets, threads);
                    add(rounds, "bare loop", bare, octets, threads);
                }
                rounds.turn(name("web-push", octets, 1), millis -> peer.ask("message-" + octets + " 1 " + millis))
                        .turn(
                                name("web-push, not signing", octets, 1),
                                millis -> peer.ask("encrypted-" + octets + " 1 " + millis));
            }
            rounds.warm(WARM_MESSAGES, WARM_LIMIT_MILLIS);
            rounds.run(ROUNDS, TURN_MILLIS);
            SIZES.forEach(octets -> rates(report, rounds, octets));
            cpu(report, rounds, provider);
        }
    }

    /** The other providers: one thread, the larger payload. */
    private static void other(Report report, String provider) {
        try (var fathi = Contender.java("fathi", FathiEncryption.class, provider);
                var bare = Contender.java("bare", BareEncryption.class, provider)) {
            var rounds = new Rounds();
            add(rounds, "Fathi", fathi, SIZES.getFirst(), 1);
            add(rounds, "bare loop", bare, SIZES.getFirst(), 1);
            rounds.warm(2 * WARM_MESSAGES, 2 * WARM_LIMIT_MILLIS);
            rounds.run(ROUNDS / 2, TURN_MILLIS);
            cpu(report, rounds, provider);
        }
    }

    private static void add(Rounds rounds, String who, Contender contender, int octets, int threads) {
        rounds.turn(
                name(who, octets, threads),
                millis -> contender.ask("message-%d %d %d".formatted(octets, threads, millis)));
    }

    private static void rates(Report report, Rounds rounds, int octets) {
        for (int threads : List.of(1, CORES)) {
            var fathi = report.add(rounds.measure(name("Fathi", octets, threads), "perSecond", "/s"));
            var bare = report.add(rounds.measure(name("bare loop", octets, threads), "perSecond", "/s"));
            report.add(Measure.ratio("Fathi ÷ bare loop", fathi, bare).atLeast(0.85));
        }
        var fathi = rounds.measure(name("Fathi", octets, 1), "perSecond", "/s");
        var peer = report.add(rounds.measure(name("web-push", octets, 1), "perSecond", "/s"));
        report.add(Measure.ratio("Fathi ÷ web-push", fathi, peer).atLeast(8));
        var unsigned = report.add(rounds.measure(name("web-push, not signing", octets, 1), "perSecond", "/s"));
        report.add(Measure.ratio("Fathi ÷ web-push, not signing", fathi, unsigned));
    }

    private static void cpu(Report report, Rounds rounds, String provider) {
        int octets = SIZES.getFirst();
        var fathi = report.add(
                rounds.measure(name("Fathi", octets, 1), provider + ": CPU of one message", "cpuMicros", "µs"));
        var bare = report.add(rounds.measure(
                name("bare loop", octets, 1), provider + ": CPU of one turn of the bare loop", "cpuMicros", "µs"));
        report.add(Measure.ratio(provider + ": bare loop ÷ Fathi", bare, fathi));
    }

    private static String name(String who, int octets, int threads) {
        return String.format(Locale.ROOT, "%s, %,d octets, %d thread%s", who, octets, threads, threads == 1 ? "" : "s");
    }
}
