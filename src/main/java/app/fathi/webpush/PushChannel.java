package app.fathi.webpush;

import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Obstacle;
import app.fathi.cep.message.Reason;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.security.Secrets;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.Vapid;
import app.fathi.webpush.encryption.VapidSubject;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/** Web push as a {@link Channel}: composes and encrypts, sends, and ends subscriptions that are gone. */
final class PushChannel implements Channel {
    /** What every platform shows at least, see the drawings of templates. */
    private static final int SHOWN_OF_TITLE = 40;

    private static final int SHOWN_OF_BODY = 110;

    private final Secrets secrets;
    private final SubscriptionsStore store;
    private final OwnBrowsersStore ownBrowsers = new OwnBrowsersStore();
    private final PushKeys keys;
    private final Sites sites;
    private final LinkHosts links;
    private final PushEncryption encryption;
    private final Vapid vapid;
    private final PushClient client;
    private final String subject;
    private final Supplier<String> publicUrl;

    PushChannel(
            Secrets secrets,
            SubscriptionsStore store,
            PushKeys keys,
            Sites sites,
            LinkHosts links,
            PushEncryption encryption,
            Vapid vapid,
            PushClient client,
            String subject,
            Supplier<String> publicUrl) {
        this.secrets = secrets;
        this.store = store;
        this.keys = keys;
        this.sites = sites;
        this.links = links;
        this.encryption = encryption;
        this.vapid = vapid;
        this.client = client;
        this.subject = subject;
        this.publicUrl = publicUrl;
    }

    @Override
    public ChannelKind kind() {
        return ChannelKind.WEBPUSH;
    }

    @Override
    public Future<List<Address>> addressesOf(SqlClient client, int ws, Collection<Integer> profileNos) {
        return secrets.workspaceKey(client, ws)
                .compose(key -> store.addressesOf(client, ws, profileNos, key))
                .compose(addresses -> complete(client, ws, addresses));
    }

    @Override
    public Future<List<Address>> addresses(SqlClient client, int ws, Collection<UUID> ids) {
        return secrets.workspaceKey(client, ws)
                .compose(key -> store.addresses(client, ws, ids, key))
                .compose(addresses -> complete(client, ws, addresses));
    }

    /** Opens the push keys that these addresses want and looks at their sites, once for all: sending then asks nobody. */
    private Future<List<Address>> complete(SqlClient client, int ws, List<PushAddress> addresses) {
        Future<Void> opened = Future.succeededFuture();
        for (var id : addresses.stream().map(PushAddress::keyId).distinct().toList()) {
            opened = opened.compose(done -> keys.open(client, ws, id));
        }
        return opened.compose(done -> links.look(client, ws))
                .compose(done -> sites.byOrigin(client, ws))
                .map(known -> known.isEmpty()
                        ? List.copyOf(addresses)
                        : addresses.stream()
                                .<Address>map(address -> address.pageOrigin() == null
                                        ? address
                                        : address.on(known.get(address.pageOrigin())))
                                .toList());
    }

    @Override
    public Future<Map<UUID, Integer>> owners(SqlClient client, int ws, Collection<UUID> ids) {
        return store.owners(client, ws, ids);
    }

    @Override
    public Future<Map<UUID, List<UUID>>> ofStaff(SqlClient client, int ws, Collection<UUID> accounts) {
        return ownBrowsers.active(client, ws, accounts);
    }

    @Override
    public Future<Map<UUID, Integer>> stillActive(SqlClient tx, int ws, Collection<UUID> ids) {
        return store.stillActive(tx, ws, ids);
    }

    @Override
    public List<Fault> check(int ws, JsonObject content, String pointer) {
        return PushPayload.check(content, pointer, url -> links.allows(ws, url));
    }

    @Override
    public Future<List<Obstacle>> obstacles(SqlClient client, int ws) {
        return links.look(client, ws).compose(looked -> keys.any(client, ws)).map(any -> {
            var found = new ArrayList<Obstacle>();
            try {
                VapidSubject.require(subject);
            } catch (IllegalArgumentException e) {
                found.add(new Obstacle(
                        true,
                        "push_subject",
                        "Set FATHI_VAPID_SUBJECT to a mailto: or https: contact: " + e.getMessage() + "."));
            }
            if (!any) {
                found.add(new Obstacle(
                        true, "push_key", "The workspace has no push key yet, so no browser has subscribed."));
            }
            return found;
        });
    }

    @Override
    public Instant heldUntil(Address address) {
        return client.heldUntil(address.origin());
    }

    /** By the letters of title and body that the usual views show before one opens them. */
    @Override
    public double fit(JsonObject content) {
        int title = content.getString("title", "").length();
        int body = content.getString("body", "").length();
        return title + body == 0
                ? 1
                : (double) (Math.min(title, SHOWN_OF_TITLE) + Math.min(body, SHOWN_OF_BODY)) / (title + body);
    }

    @Override
    public Composed compose(Outgoing outgoing) {
        var address = (PushAddress) outgoing.address();
        if (!PushPayload.leadsSomewhere(outgoing.content()) || !links.allows(outgoing.ws(), outgoing.content())) {
            return new Composed(null, Reason.TEMPLATE_ABORTED);
        }
        var plaintext = PushPayload.encode(outgoing, address, publicUrl.get());
        return plaintext.length > PushEncryption.PLAINTEXT_LIMIT_OCTETS
                ? new Composed(null, Reason.PAYLOAD_TOO_LARGE)
                : new Composed(encryption.encrypt(address.keys(), plaintext), null);
    }

    @Override
    public Future<Attempt> send(Outgoing outgoing, Composed composed, Gate gate) {
        var address = (PushAddress) outgoing.address();
        var request = new PushRequest(
                address.endpoint(),
                composed.payload(),
                vapid.authorization(address.endpoint(), keys.opened(address.keyId()), subject),
                address.keyId(),
                outgoing.transactional(),
                outgoing.attempt() > 1,
                outgoing.ttlSeconds(),
                outgoing.urgency(),
                outgoing.topic() == null ? topicOf(outgoing.id()) : outgoing.topic());
        return client.send(request, gate).map(PushChannel::attempt);
    }

    @Override
    public Future<Void> end(SqlClient tx, int ws, Collection<UUID> gone) {
        return store.end(tx, ws, gone, "expired")
                .compose(ended -> SubscriptionsService.tell((SqlConnection) tx, ws, "subscription.expired", ended));
    }

    /** A repetition of the same delivery replaces the one that the push service still holds (RFC 8030 section 5.4). */
    private static String topicOf(UUID id) {
        var octets = java.nio.ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    private static Attempt attempt(PushAnswer answer) {
        return switch (answer.outcome()) {
            case ACCEPTED -> new Attempt(Reason.ACCEPTED, false, null, answer.httpStatus(), true);
            case GONE -> new Attempt(Reason.GONE, false, null, answer.httpStatus(), true);
            case TOO_LARGE -> new Attempt(Reason.PAYLOAD_TOO_LARGE, false, null, answer.httpStatus(), true);
            case BAD_REQUEST, REFUSED_ADDRESS ->
                new Attempt(Reason.BAD_REQUEST, false, null, answer.httpStatus(), answer.bodyWritten());
            case KEY_MISMATCH -> new Attempt(Reason.KEY_MISMATCH, true, null, answer.httpStatus(), true);
            case RATE_LIMITED -> new Attempt(Reason.RATE_LIMITED, true, answer.notBefore(), answer.httpStatus(), true);
            case TRANSIENT ->
                new Attempt(
                        Reason.PUSH_SERVICE_ERROR, true, answer.notBefore(), answer.httpStatus(), answer.bodyWritten());
            case NOT_PROCESSED ->
                new Attempt(Reason.PUSH_SERVICE_ERROR, true, Instant.now(), answer.httpStatus(), false);
            case SHUT -> Attempt.NOT_SENT;
            case HELD -> Attempt.held(answer.notBefore());
        };
    }
}
