package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import com.nulabinc.zxcvbn.Zxcvbn;
import com.password4j.Argon2Function;
import com.password4j.types.Argon2;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Argon2id (RFC 9106) on threads of its own: a hash takes tens of milliseconds and 19 MiB, so few run at once, a bounded
 * number waits, and who comes beyond that is told to come back. Thread-safe.
 */
final class Passwords {
    private static final int HASH_OCTETS = 32;
    private static final int SALT_OCTETS = 16;
    /** What an attacker who has the hashes tries in a day on one machine, at the least. */
    private static final double MIN_GUESSES = 1e8;
    /** Beyond it nothing gets weaker, and looking takes longer and longer. */
    private static final int LOOKED_AT = 64;

    private final Argon2Function function;
    private final Zxcvbn strength = new Zxcvbn();
    private final WorkerExecutor workers;
    private final int limit;
    private final int shortest;
    private final AtomicInteger running = new AtomicInteger();
    private volatile String nobodysHash;

    Passwords(Vertx vertx, Config.Security settings) {
        this.function = Argon2Function.getInstance(
                settings.passwordMemoryKib(),
                settings.passwordIterations(),
                settings.passwordParallelism(),
                HASH_OCTETS,
                Argon2.ID);
        this.workers = vertx.createSharedWorkerExecutor("fathi-passwords", settings.passwordThreads());
        this.limit = settings.passwordThreads() + settings.passwordQueue();
        this.shortest = settings.passwordLength();
    }

    /** To be called once before anybody signs in. */
    Future<Void> prepare() {
        // Nobody knows its password, and checking against it costs what checking any other costs.
        return hash(HexFormat.of().formatHex(Tokens.random(HASH_OCTETS))).map(made -> {
            nobodysHash = made;
            return null;
        });
    }

    /**
     * Why this password is not taken, or empty: too short, or one that is guessed early, as breached ones are, and words,
     * names, dates and rows of keys.
     */
    Future<Optional<String>> fault(String password, String email) {
        var normal = normal(password);
        if (normal.codePointCount(0, normal.length()) < shortest) {
            return Future.succeededFuture(Optional.of("it is shorter than " + shortest + " characters"));
        }
        return work(() -> guesses(normal, email) < MIN_GUESSES
                ? Optional.of("it is among the first that anybody would try; a few unrelated words are better")
                : Optional.empty());
    }

    private double guesses(String password, String email) {
        var known = List.of(email, email.substring(0, Math.max(0, email.indexOf('@'))), "fathi");
        return strength.measure(password.substring(0, Math.min(LOOKED_AT, password.length())), known)
                .getGuesses();
    }

    /** Fails with 422 at the pointer when this password is not taken. */
    Future<Void> require(String pointer, String password, String email) {
        return fault(password, email).map(fault -> {
            if (fault.isPresent()) {
                throw ProblemException.unprocessable(pointer, "This password is not taken: " + fault.get() + ".");
            }
            return null;
        });
    }

    /** The PHC string to keep. */
    Future<String> hash(String password) {
        return work(() -> hashNow(password));
    }

    /** Whether it is the password of this hash; for no hash the same work is done, and the answer is no. */
    Future<Boolean> verify(String password, Optional<String> hash) {
        var against = hash.orElse(nobodysHash);
        return work(() -> {
            var matches = Argon2Function.getInstanceFromHash(against)
                    .check(octets(password), against.getBytes(StandardCharsets.US_ASCII));
            return matches && hash.isPresent();
        });
    }

    private <T> Future<T> work(Callable<T> hashing) {
        if (running.incrementAndGet() > limit) {
            running.decrementAndGet();
            return Future.failedFuture(new ProblemException(
                    Problem.retryLater(Kind.UNAVAILABLE, "Too many people sign in at once. Try again shortly.", 1)));
        }
        return workers.executeBlocking(hashing, false).onComplete(done -> running.decrementAndGet());
    }

    private String hashNow(String password) {
        return function.hash(octets(password), Tokens.random(SALT_OCTETS)).getResult();
    }

    private static byte[] octets(String password) {
        return normal(password).getBytes(StandardCharsets.UTF_8);
    }

    /** The same letters typed on another keyboard are the same password (RFC 8265 section 4.2). */
    private static String normal(String password) {
        return Normalizer.normalize(password, Normalizer.Form.NFC);
    }
}
