package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Call;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.webpush.SubscriptionsStore.Owner;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Subscribing, renewing and ending. Over a browser's public key nobody is somebody else: an address comes to a known
 * person only with the site's signed token, and an existing subscription changes only for who holds its device secret
 * or knows the very endpoint and keys that the browser gave us before.
 */
final class SubscriptionsService {
    private static final int DEVICE_SECRET_OCTETS = 24;

    /** What a saved subscription answers; {@code deviceSecret} is null when the one shown stays good. */
    record Saved(boolean created, UUID id, String deviceSecret, UUID keyId) {}

    private final Transactions transactions;
    private final SubscriptionsStore store;
    private final PushKeys keys;
    private final Profiles profiles;
    private final Identities identities;
    private final Authorities authorities;
    private final Tenancy tenancy;
    private final Secrets secrets;
    private final OutboundGuard guard;
    private final Sites sites;
    private final Jobs jobs;
    private final SecureRandom random = new SecureRandom();

    SubscriptionsService(
            Transactions transactions,
            SubscriptionsStore store,
            PushKeys keys,
            Profiles profiles,
            Identities identities,
            Authorities authorities,
            Tenancy tenancy,
            Secrets secrets,
            OutboundGuard guard,
            Sites sites,
            Jobs jobs) {
        this.transactions = transactions;
        this.store = store;
        this.keys = keys;
        this.profiles = profiles;
        this.identities = identities;
        this.authorities = authorities;
        this.tenancy = tenancy;
        this.secrets = secrets;
        this.guard = guard;
        this.sites = sites;
        this.jobs = jobs;
    }

    /** Creates the subscription, or renews the one with the same endpoint, or the one that this browser had before. */
    Future<Saved> subscribe(Call call, SubscriptionDraft draft) {
        guard.requireAllowedUrl("/endpoint", draft.endpoint());
        return claimed(call, draft)
                .compose(claimed -> transactions.run(tx -> named(tx, call.ws(), claimed.userId(), claimed.anonymousId())
                        .compose(named -> store.lockByEndpoint(
                                        tx, call.ws(), hash(draft.endpoint().toString()))
                                .map(held -> draft.adopt() ? requireActive(held) : held)
                                .compose(held ->
                                        held.isPresent() ? Future.succeededFuture(held) : before(tx, call, draft))
                                .compose(held -> held.isPresent()
                                        ? renew(tx, call, held.get(), draft, named)
                                        : create(tx, call, draft, named)))));
    }

    /** A page that only looks makes nothing new, and brings nothing back. */
    private static Optional<SubscriptionsStore.Held> requireActive(Optional<SubscriptionsStore.Held> held) {
        if (held.isEmpty()) {
            throw ProblemException.notFound("subscription");
        }
        if (!held.get().status().equals("active")) {
            throw ProblemException.of(Kind.ENDED, "This subscription has ended. POST it without adopt to begin anew.");
        }
        return held;
    }

    /** What this browser had before it got this endpoint, if it holds the device secret of that. */
    private Future<Optional<SubscriptionsStore.Held>> before(SqlConnection tx, Call call, SubscriptionDraft draft) {
        var shown = call.header("x-device-secret");
        return draft.replaces() == null || shown == null
                ? Future.succeededFuture(Optional.empty())
                : store.lockById(tx, call.ws(), draft.replaces())
                        .map(found -> found.filter(held -> MessageDigest.isEqual(hash(shown), held.deviceSecret())));
    }

    /**
     * Changes endpoint and keys of a subscription, for the same person unless the draft names one. Browsers ask this at
     * each page, so it does not bring back what was unsubscribed: {@link #subscribe} does, which says that the visitor
     * wants it.
     */
    Future<Saved> replace(Call call, UUID id, SubscriptionDraft draft) {
        guard.requireAllowedUrl("/endpoint", draft.endpoint());
        return claimed(call, draft)
                .compose(claimed -> transactions.run(
                        tx -> named(tx, call.ws(), claimed.userId(), null).compose(named -> held(tx, call, id)
                                .compose(held -> held.status().equals("unsubscribed")
                                        ? Future.failedFuture(ProblemException.of(
                                                Kind.ENDED, "This subscription was unsubscribed. POST a new one."))
                                        : renew(tx, call, held, draft, named)))));
    }

    Future<Void> end(Call call, UUID id) {
        return transactions.run(tx -> held(tx, call, id)
                .compose(held -> store.end(tx, call.ws(), List.of(id), "unsubscribed"))
                .compose(ended -> tell(tx, call.ws(), "subscription.removed", ended)));
    }

    private Future<Saved> create(SqlConnection tx, Call call, SubscriptionDraft draft, Optional<Named> named) {
        var id = UuidCreator.getTimeOrderedEpoch();
        var secret = newDeviceSecret();
        return keys.bind(tx, call.ws(), draft.keyId()).compose(keyId -> personFor(tx, call, named, id, Optional.empty())
                .compose(owner -> secrets.workspaceKey(tx, call.ws())
                        .compose(key -> store.insert(
                                tx,
                                call.ws(),
                                id,
                                owner,
                                keyId,
                                draft,
                                hash(draft.endpoint().toString()),
                                hash(secret),
                                key)))
                .compose(done -> tell(tx, call.ws(), "subscription.created", List.of(id)))
                .compose(done -> welcome(tx, call.ws(), id, draft.site()))
                .map(done -> new Saved(true, id, secret, keyId)));
    }

    /** Only who is new is welcomed: not who renews, comes back or is imported. */
    private Future<Void> welcome(SqlConnection tx, int ws, UUID id, String origin) {
        return origin == null
                ? Future.succeededFuture()
                : sites.byOrigin(tx, ws).compose(known -> {
                    var site = known.get(origin);
                    return site == null
                                    || site.welcome() == null
                                    || !site.welcome().enabled()
                            ? Future.succeededFuture()
                            : jobs.enqueue(tx, List.of(WelcomeJob.of(ws, id, Instant.now())));
                });
    }

    private Future<Saved> renew(
            SqlConnection tx, Call call, SubscriptionsStore.Held held, SubscriptionDraft draft, Optional<Named> named) {
        return secrets.workspaceKey(tx, call.ws()).compose(key -> {
            var shown = call.header("x-device-secret");
            var holdsSecret = shown != null && MessageDigest.isEqual(hash(shown), held.deviceSecret());
            var known = SubscriptionsStore.opened(held, key);
            var sameBrowser = known.endpoint().equals(draft.endpoint())
                    && MessageDigest.isEqual(known.keys().p256dh(), draft.keys().p256dh())
                    && MessageDigest.isEqual(known.keys().auth(), draft.keys().auth());
            if (call.caller().isBrowserKey() && !holdsSecret && !sameBrowser) {
                return Future.failedFuture(ProblemException.conflict(
                        "This endpoint is subscribed with other keys. Send the X-Device-Secret that came with it."));
            }
            if (held.status().equals("expired") && known.endpoint().equals(draft.endpoint())) {
                return Future.failedFuture(ProblemException.conflict(
                        "The push service has ended this endpoint. Unsubscribe in the browser and subscribe anew."));
            }
            var secret = holdsSecret ? shown : newDeviceSecret();
            // An endpoint takes only the key that it was made with: who does not tell which does not mean another one.
            var told =
                    draft.keyId() == null && known.endpoint().equals(draft.endpoint()) ? held.keyId() : draft.keyId();
            return keys.bind(tx, call.ws(), told)
                    .compose(keyId -> personFor(tx, call, named, held.id(), Optional.of(held.owner()))
                            .compose(owner -> store.update(
                                    tx,
                                    call.ws(),
                                    held.id(),
                                    owner,
                                    keyId,
                                    draft,
                                    hash(draft.endpoint().toString()),
                                    hash(secret),
                                    key))
                            .compose(done -> held.status().equals("active")
                                    ? Future.succeededFuture()
                                    : tell(tx, call.ws(), "subscription.created", List.of(held.id())))
                            .map(done -> new Saved(false, held.id(), holdsSecret ? null : secret, keyId)));
        });
    }

    /**
     * Whom a draft names.
     *
     * @param proven a person who may be believed to be this one; else only a visitor's id
     */
    private record Named(Owner owner, boolean proven) {}

    /**
     * Whom the draft names, locked. Always ahead of the subscription: the deriving consumer holds people when it moves
     * their subscriptions, and it does so at the very moment when a browser says who its visitor is.
     */
    private Future<Optional<Named>> named(SqlConnection tx, int ws, Optional<String> userId, String anonymousId) {
        return userId.isEmpty() && anonymousId == null
                ? Future.succeededFuture(Optional.empty())
                : profiles.reach(tx, ws, userId.orElse(null), anonymousId)
                        .map(reached -> Optional.of(new Named(Owner.of(reached), userId.isPresent())));
    }

    /**
     * The person the address belongs to: who is proven; else the visitor behind the {@code anonymousId}. A visitor id
     * that has grown into a known person proves nothing over a public key: then the address stays where it was, if that
     * is this person already, or starts with a visitor of its own.
     */
    private Future<Owner> personFor(
            SqlConnection tx, Call call, Optional<Named> named, UUID id, Optional<Owner> present) {
        if (named.isEmpty()) {
            return present.map(Future::succeededFuture).orElseGet(() -> visitorOf(tx, call, id));
        }
        var owner = named.get().owner();
        if (named.get().proven() || !call.caller().isBrowserKey()) {
            return Future.succeededFuture(owner);
        }
        if (present.filter(one -> one.profileNo() == owner.profileNo()).isPresent()) {
            // A visitor's id proves nothing: the address stays with the id that it has.
            return Future.succeededFuture(present.get().identityNo() == null ? owner : present.get());
        }
        return profiles.views(tx, call.ws(), List.of(owner.profileNo()))
                .compose(views -> views.get(owner.profileNo()).userId() == null
                        ? Future.succeededFuture(owner)
                        : visitorOf(tx, call, id));
    }

    /** A subscription of which nobody knows whose it is has a visitor of its own. */
    private Future<Owner> visitorOf(SqlConnection tx, Call call, UUID id) {
        return profiles.reach(tx, call.ws(), null, ownVisitor(id)).map(Owner::of);
    }

    private static String ownVisitor(UUID id) {
        return "subscription:" + id;
    }

    /** Who a draft may be believed to be of; what the workspace knows to name nobody names nobody. */
    private record Claimed(Optional<String> userId, String anonymousId) {}

    private Future<Claimed> claimed(Call call, SubscriptionDraft draft) {
        return tenancy.rules(call.ws()).compose(rules -> proven(call, draft)
                .map(proven -> new Claimed(
                        proven.filter(id -> !rules.isBlocked(id)),
                        draft.anonymousId() == null || rules.isBlocked(draft.anonymousId())
                                ? null
                                : draft.anonymousId())));
    }

    /** The {@code userId} that may be believed; empty when none is claimed. A claim that has to be proven and is not is refused. */
    private Future<Optional<String>> proven(Call call, SubscriptionDraft draft) {
        if (draft.userId() == null && draft.identityToken() == null) {
            return Future.succeededFuture(Optional.empty());
        }
        if (!call.caller().isBrowserKey() && draft.identityToken() == null) {
            return Future.succeededFuture(Optional.of(draft.userId()));
        }
        if (draft.identityToken() != null) {
            return identities
                    .verify(call.ws(), "/identityToken", draft.identityToken())
                    .map(userId -> {
                        if (draft.userId() != null && !draft.userId().equals(userId)) {
                            throw ProblemException.unprocessable("/identityToken", "The token proves another userId.");
                        }
                        if (Profiles.namesNobody(userId)) {
                            throw ProblemException.unprocessable(
                                    "/identityToken",
                                    "The token proves nobody: its userId is what stands where there is none.");
                        }
                        return Optional.of(userId);
                    });
        }
        return identities.policy(call.ws()).map(policy -> {
            if (policy != Identities.Policy.OFF) {
                throw ProblemException.unprocessable(
                        "/identityToken",
                        "A browser key proves nobody: send an identityToken signed by your backend, or subscribe without userId.");
            }
            return Optional.of(draft.userId());
        });
    }

    /** The row, locked, if the caller may change it: by its device secret over a write key, else by permission. */
    private Future<SubscriptionsStore.Held> held(SqlConnection tx, Call call, UUID id) {
        return store.lockById(tx, call.ws(), id).compose(found -> {
            var held = found.orElseThrow(() -> ProblemException.notFound("subscription"));
            var kind = call.caller().kind();
            if (kind == Caller.Kind.BROWSER_KEY || kind == Caller.Kind.SERVER_KEY) {
                var shown = call.header("x-device-secret");
                // Who lacks the secret does not learn that the subscription exists.
                return shown != null && MessageDigest.isEqual(hash(shown), held.deviceSecret())
                        ? Future.succeededFuture(held)
                        : Future.failedFuture(ProblemException.notFound("subscription"));
            }
            return authorities.permits(call.caller(), "subscriptions:write").map(permitted -> {
                if (!permitted) {
                    throw ProblemException.of(Kind.FORBIDDEN, "This needs the permission subscriptions:write.");
                }
                return held;
            });
        });
    }

    /** Facts carry ids only: an endpoint never leaves its sealed column. */
    static Future<Void> tell(SqlConnection tx, int ws, String fact, List<UUID> ids) {
        return ids.isEmpty()
                ? Future.succeededFuture()
                : Outbox.write(
                        tx,
                        "facts",
                        ids.stream()
                                .map(id -> new StreamRecord(
                                        ws, id.toString(), fact, new JsonObject().put("subscriptionId", id.toString())))
                                .toList());
    }

    private String newDeviceSecret() {
        var octets = new byte[DEVICE_SECRET_OCTETS];
        random.nextBytes(octets);
        return "fds_" + Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    static byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
