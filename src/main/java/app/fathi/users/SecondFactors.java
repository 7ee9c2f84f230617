package app.fathi.users;

import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** What is behind a code: the secret that the authenticator has, too, and the codes for whoever lost it. */
final class SecondFactors {
    /** The secret is the account's, which belongs to no single workspace. */
    private static final int INSTALLATION = 0;

    private static final int RECOVERY_CODES = 10;
    private static final int RECOVERY_OCTETS = 10;

    private final Secrets secrets;
    private final InstantSource clock;
    private final SecondFactorsStore store = new SecondFactorsStore();

    SecondFactors(Secrets secrets, InstantSource clock) {
        this.secrets = secrets;
        this.clock = clock;
    }

    /** What a code, or its absence, says of an account. */
    enum Proof {
        /** There is no second factor, so none is asked for. */
        NOT_ENROLLED,
        PROVED,
        MISSING,
        /** Of another moment or another secret, or used before. */
        WRONG
    }

    /** Uses the code up. @param code of six digits, or a recovery code; null for none */
    Future<Proof> prove(SqlClient client, UUID account, String code) {
        return store.find(client, account).compose(found -> {
            if (found.isEmpty() || !found.get().confirmed()) {
                return Future.succeededFuture(Proof.NOT_ENROLLED);
            }
            if (code == null) {
                return Future.succeededFuture(Proof.MISSING);
            }
            return take(client, account, found.get(), code.strip()).map(taken -> taken ? Proof.PROVED : Proof.WRONG);
        });
    }

    private Future<Boolean> take(SqlClient client, UUID account, SecondFactorsStore.Enrolled enrolled, String code) {
        if (!code.matches("[0-9]{6}")) {
            return store.take(client, account, hash(code));
        }
        return open(client, account, enrolled).compose(secret -> {
            var step = Totp.match(secret, code, clock.instant());
            return step.isPresent() ? store.take(client, account, step.getAsLong()) : Future.succeededFuture(false);
        });
    }

    /** A new secret, not asked for before a first code of it was shown; empty when there is a confirmed one. */
    Future<Optional<byte[]>> begin(SqlClient tx, UUID account) {
        var secret = Tokens.random(Totp.SECRET_OCTETS);
        return secrets.workspaceKey(tx, INSTALLATION)
                .compose(key -> store.begin(tx, account, key.seal(place(account), secret)))
                .map(begun -> begun ? Optional.of(secret) : Optional.empty());
    }

    /** Whether the code is of the secret that was begun last; from now on codes are asked for. */
    Future<Boolean> confirm(SqlClient tx, UUID account, String code) {
        return store.find(tx, account).compose(found -> {
            if (found.isEmpty() || found.get().confirmed()) {
                return Future.succeededFuture(false);
            }
            return open(tx, account, found.get()).compose(secret -> {
                var step = Totp.match(secret, code.strip(), clock.instant());
                return step.isPresent() ? store.confirm(tx, account, step.getAsLong()) : Future.succeededFuture(false);
            });
        });
    }

    /** New recovery codes in place of the old ones. */
    Future<List<String>> renewCodes(SqlClient tx, UUID account) {
        var codes = Stream.generate(() -> shown(Totp.base32(Tokens.random(RECOVERY_OCTETS))))
                .limit(RECOVERY_CODES)
                .toList();
        return store.putCodes(
                        tx, account, codes.stream().map(SecondFactors::hash).toList())
                .map(codes);
    }

    Future<Void> remove(SqlClient tx, UUID account) {
        return store.remove(tx, account);
    }

    Future<Boolean> isEnrolled(SqlClient client, UUID account) {
        return store.find(client, account)
                .map(found -> found.map(SecondFactorsStore.Enrolled::confirmed).orElse(false));
    }

    private Future<byte[]> open(SqlClient client, UUID account, SecondFactorsStore.Enrolled enrolled) {
        return secrets.workspaceKey(client, INSTALLATION).map(key -> key.open(place(account), enrolled.sealed()));
    }

    private static String place(UUID account) {
        return "users_totp.sealed|" + account;
    }

    /** In groups of four, for paper. */
    private static String shown(String code) {
        return code.toLowerCase(Locale.ROOT).replaceAll("(.{4})(?=.)", "$1-");
    }

    /** However it is typed. */
    private static Buffer hash(String code) {
        return Tokens.hash(code.toLowerCase(Locale.ROOT).replaceAll("[\\s-]", ""));
    }
}
