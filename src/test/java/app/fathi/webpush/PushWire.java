package app.fathi.webpush;

import app.fathi.cep.message.Urgency;
import app.fathi.platform.config.Config;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestCertificate;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.SubscriptionKeys;
import app.fathi.webpush.encryption.Vapid;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What tests of {@link PushClient} need: clients with settings of their own, and messages that a real browser could read. */
final class PushWire implements AutoCloseable {
    static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    static final VapidKey KEY;

    private static final PushEncryption ENCRYPTION;
    private static final Vapid VAPID;

    static {
        var providers = new CryptoProviders();
        KEY = VapidKey.generate(providers);
        ENCRYPTION = new PushEncryption(providers);
        VAPID = new Vapid(providers, Instant::now, Duration.ofHours(12));
    }

    final Vertx vertx;

    PushWire() {
        this(new AddressResolverOptions());
    }

    PushWire(AddressResolverOptions names) {
        vertx = Vertx.vertx(new VertxOptions().setAddressResolverOptions(names));
    }

    /** It may reach 127.0.0.0/8, trusts the tests' certificate and is patient; its clock stands at {@link #NOON}. */
    PushClient client(String... settings) {
        var all = new HashMap<>(Map.of(
                "FATHI_OUTBOUND_ALLOW",
                "127.0.0.0/8",
                "FATHI_OUTBOUND_REQUEST_TIMEOUT_SECONDS",
                "60",
                "FATHI_OUTBOUND_CONNECT_TIMEOUT_SECONDS",
                "60",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                TestCertificate.get().pem().toString()));
        for (int i = 0; i < settings.length; i += 2) {
            all.put("FATHI_OUTBOUND_" + settings[i], settings[i + 1]);
        }
        var config = Config.of(all);
        return new PushClient(vertx, config, new OutboundGuard(vertx, config.outbound()), () -> NOON);
    }

    static PushRequest push(VirtualSubscription browser) {
        return push(URI.create(browser.endpoint()), browser);
    }

    /** To the browser by another way than its own endpoint. */
    static PushRequest push(URI endpoint, VirtualSubscription browser) {
        return push(endpoint, SubscriptionKeys.parse(browser.p256dh(), browser.auth()));
    }

    /** To somewhere that does not read it. */
    static PushRequest push(String endpoint) {
        return push(URI.create(endpoint), new SubscriptionKeys(KEY.point(), new byte[SubscriptionKeys.AUTH_OCTETS]));
    }

    private static PushRequest push(URI endpoint, SubscriptionKeys keys) {
        return new PushRequest(
                endpoint,
                ENCRYPTION.encrypt(keys, "{\"id\":\"m\"}".getBytes()),
                VAPID.authorization(endpoint, KEY, "mailto:push@fathi.dev"),
                // Of its own, so that what a service thinks of one message's key holds up no other.
                UUID.randomUUID(),
                true,
                false,
                60,
                Urgency.NORMAL,
                "topic");
    }

    /** Polls, with a generous deadline. */
    static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited 60 s for " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
