package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Slows guessing down, for each account and for each network address, known or not, on all nodes together. It never
 * shuts for good. What it keeps are keyed hashes: neither accounts nor addresses can be read from them.
 */
final class LoginDoor {
    /** Many people may share one address behind NAT, so it may fail more often than one account. */
    private static final int ADDRESS_FACTOR = 10;
    /** An IPv6 site owns a /64: its host part costs nothing to change. */
    private static final int IPV6_NETWORK_OCTETS = 8;

    private final Pool pool;
    private final Config.Security settings;
    private final SecretKeySpec key;
    private final LoginAttemptsStore store = new LoginAttemptsStore();

    /** @param key {@code Secrets.derivedKey("login")} */
    LoginDoor(Pool pool, Config.Security settings, byte[] key) {
        this.pool = pool;
        this.settings = settings;
        this.key = new SecretKeySpec(key, "HmacSHA256");
    }

    /** An attempt that was let in. */
    record Entry(Buffer account, Buffer address) {}

    /** Lets the attempt in, or fails with {@code rate_limited} and the time to come back. */
    Future<Entry> enter(String emailFolded, String remoteAddress) {
        return enter("account", emailFolded, remoteAddress);
    }

    /**
     * The same for who asks for a link to another password; apart from signing in, so that nobody shuts others out by
     * asking. There is no success that would take an attempt back.
     *
     * @return a name for the account that tells nothing of it
     */
    Future<String> enterReset(String emailFolded, String remoteAddress) {
        return enter("reset", emailFolded, remoteAddress)
                .map(entry -> "reset|" + HexFormat.of().formatHex(entry.account.getBytes()));
    }

    private Future<Entry> enter(String kind, String emailFolded, String remoteAddress) {
        var entry = new Entry(
                keyed(kind, emailFolded.getBytes(StandardCharsets.UTF_8)), keyed("address", network(remoteAddress)));
        return store.enter(pool, entry.address, settings.loginFailures() * ADDRESS_FACTOR, settings.loginDelaySeconds())
                .compose(seconds -> seconds > 0
                        ? Future.failedFuture(slowDown(seconds))
                        : store.enter(pool, entry.account, settings.loginFailures(), settings.loginDelaySeconds()))
                .compose(seconds ->
                        seconds > 0 ? Future.failedFuture(slowDown(seconds)) : Future.succeededFuture(entry));
    }

    /** The attempt did not fail: the account starts afresh. */
    Future<Void> succeeded(Entry entry) {
        return store.forget(pool, entry.account).compose(done -> store.takeBack(pool, entry.address));
    }

    Future<Void> purge() {
        return store.purge(pool);
    }

    private static ProblemException slowDown(int seconds) {
        return new ProblemException(Problem.retryLater(
                Kind.RATE_LIMITED, "Too many attempts. Try again in " + seconds + " seconds.", seconds));
    }

    private static byte[] network(String remoteAddress) {
        var octets = NetUtil.createByteArrayFromIpAddressString(remoteAddress);
        if (octets == null) {
            return remoteAddress.getBytes(StandardCharsets.UTF_8);
        }
        return octets.length == 16 ? Arrays.copyOf(octets, IPV6_NETWORK_OCTETS) : octets;
    }

    private Buffer keyed(String kind, byte[] what) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(kind.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return Buffer.buffer(mac.doFinal(what));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
