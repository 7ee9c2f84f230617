package app.fathi.webpush;

import app.fathi.cdp.ProfileView;
import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.security.RecentSignIn;
import app.fathi.platform.security.SealedOutput;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.WorkspaceKey;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Gives away what must otherwise never leave: endpoints, keys and the private halves of push keys, sealed with the caller's
 * passphrase, page by page as fast as the caller reads. Only for a person who has just shown their password.
 */
final class ExportService {
    private static final int PAGE = 500;

    private final Vertx vertx;
    private final Transactions transactions;
    private final SubscriptionsStore store;
    private final PushKeysStore keysStore;
    private final PushKeys keys;
    private final Profiles profiles;
    private final Secrets secrets;
    private final Audit audit;
    private final InstantSource clock;
    private final RecentSignIn recentSignIn;

    ExportService(
            Vertx vertx,
            Transactions transactions,
            SubscriptionsStore store,
            PushKeysStore keysStore,
            PushKeys keys,
            Profiles profiles,
            Secrets secrets,
            Audit audit,
            InstantSource clock,
            RecentSignIn recentSignIn) {
        this.vertx = vertx;
        this.transactions = transactions;
        this.store = store;
        this.keysStore = keysStore;
        this.keys = keys;
        this.profiles = profiles;
        this.secrets = secrets;
        this.audit = audit;
        this.clock = clock;
        this.recentSignIn = recentSignIn;
    }

    Future<Reply> export(Call call) {
        recentSignIn.require(call.caller());
        var passphrase = call.json().getString("passphrase");
        var name = "subscriptions-" + LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC) + ".sealed";
        var sealed = new ByteArrayOutputStream();
        return vertx.executeBlocking(() -> new SealedOutput(sealed, passphrase)).compose(file -> transactions
                .run(tx -> audit.record(tx, call, "subscription", null, null, new JsonObject())
                        .compose(done -> secrets.workspaceKey(tx, call.ws())))
                .map(key -> Reply.download(
                        "application/octet-stream", name, new Pages(call.ws(), key, sealed, file)::next)));
    }

    /** The file, a page at each call. */
    private final class Pages {
        private final int ws;
        private final WorkspaceKey key;
        /** What is sealed and not sent yet. */
        private final ByteArrayOutputStream sealed;

        private final SealedOutput file;
        private boolean begun;
        private boolean ended;
        private UUID after = new UUID(0, 0);

        Pages(int ws, WorkspaceKey key, ByteArrayOutputStream sealed, SealedOutput file) {
            this.ws = ws;
            this.key = key;
            this.sealed = sealed;
            this.file = file;
        }

        /** Null when there is nothing more. */
        Future<Buffer> next() {
            if (ended) {
                return Future.succeededFuture();
            }
            if (!begun) {
                begun = true;
                return pushKeys().map(this::seal);
            }
            return store.exportPage(transactions.pool(), ws, after, PAGE)
                    .compose(rows -> people(rows).map(people -> page(rows, people)));
        }

        private Future<byte[]> pushKeys() {
            return keysStore.living(transactions.pool(), ws).map(found -> {
                var lines = new StringBuilder();
                for (var stored : found) {
                    var pair = keys.unsealed(stored, key);
                    lines.append(new JsonObject()
                                    .put("type", "pushKey")
                                    .put("id", stored.id().toString())
                                    .put("publicKey", pair.publicKey())
                                    .put("privateKey", base64url(pair.privateKey()))
                                    .put("current", stored.current())
                                    .encode())
                            .append('\n');
                }
                return lines.toString().getBytes(StandardCharsets.UTF_8);
            });
        }

        private Future<Map<Integer, ProfileView>> people(List<SubscriptionsStore.Exported> rows) {
            return rows.isEmpty()
                    ? Future.succeededFuture(Map.of())
                    : profiles.views(
                            transactions.pool(),
                            ws,
                            rows.stream().map(row -> row.shown().profileNo()).collect(Collectors.toSet()));
        }

        private Buffer page(List<SubscriptionsStore.Exported> rows, Map<Integer, ProfileView> people) {
            var lines = new StringBuilder();
            for (var row : rows) {
                lines.append(line(row, people.get(row.shown().profileNo())).encode())
                        .append('\n');
                after = row.shown().id();
            }
            ended = rows.size() < PAGE;
            return seal(lines.toString().getBytes(StandardCharsets.UTF_8));
        }

        /** What can be sent now; some of it may wait for more. */
        private Buffer seal(byte[] plain) {
            try {
                file.write(plain);
                if (ended) {
                    file.finish();
                }
            } catch (IOException e) {
                throw new IllegalStateException("Memory takes what is written", e);
            }
            var ready = Buffer.buffer(sealed.toByteArray());
            sealed.reset();
            return ready;
        }

        /** As an import takes it. */
        private JsonObject line(SubscriptionsStore.Exported row, ProfileView person) {
            var shown = row.shown();
            var address = PushAddress.decode(
                    shown.id(),
                    shown.profileNo(),
                    shown.keyId(),
                    shown.site(),
                    key.open(SubscriptionsStore.place(shown.id()), row.address()));
            var json = new JsonObject()
                    .put("type", "subscription")
                    .put("id", shown.id().toString())
                    .put("endpoint", address.endpoint().toString())
                    .put(
                            "keys",
                            new JsonObject()
                                    .put("p256dh", base64url(address.keys().p256dh()))
                                    .put("auth", base64url(address.keys().auth())))
                    .put("keyId", shown.keyId().toString())
                    .put("status", shown.status())
                    .put("language", shown.language())
                    .put("timezone", shown.timezone())
                    .put("site", shown.site())
                    .put("userAgent", shown.userAgent())
                    .put("createdAt", PushKeyReport.text(shown.createdAt()))
                    .put("lastSeenAt", PushKeyReport.text(shown.lastSeenAt()));
            return person == null ? json : json.put("userId", person.userId()).put("traits", person.traits());
        }
    }

    private static String base64url(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }
}
