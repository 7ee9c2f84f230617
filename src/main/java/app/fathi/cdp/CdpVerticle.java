package app.fathi.cdp;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/** The door of {@code cdp}: events come in, people are looked at. */
public final class CdpVerticle extends VerticleBase {
    private static final String BY_USER_ID = "user:";
    private static final String BY_ANONYMOUS_ID = "anonymous:";

    private final Pool pool;
    private final Ingest ingest;
    private final ProfilesStore store = new ProfilesStore();

    public CdpVerticle(Pool pool, Streams streams, Identities identities, Tenancy tenancy, InstantSource clock) {
        this.pool = pool;
        this.ingest = new Ingest(streams, identities, tenancy, clock);
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "identify", call -> ingest.one(call, "identify"),
                "track", call -> ingest.one(call, "track"),
                "page", call -> ingest.one(call, "page"),
                "screen", call -> ingest.one(call, "screen"),
                "alias", call -> ingest.one(call, "alias"),
                "batch", ingest::batch,
                "getProfile", this::getProfile);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "cdp", operations());
    }

    private Future<Reply> getProfile(Call call) {
        return find(call).map(found -> {
            var profile = found.orElseThrow(() -> ProblemException.notFound("profile"));
            return Reply.ok(new JsonObject()
                    .put("id", profile.id().toString())
                    .put("userId", profile.userId())
                    .put("otherUserIds", profile.otherUserIds())
                    .put("anonymousIds", profile.anonymousIds())
                    .put("traits", profile.traits())
                    .put("tags", profile.tags())
                    .put("firstSeenAt", profile.firstSeenAt().toString())
                    .put("lastSeenAt", profile.lastSeenAt().toString()));
        });
    }

    private Future<Optional<ProfilesStore.Shown>> find(Call call) {
        var name = call.parameters().getString("id");
        if (name.startsWith(BY_USER_ID)) {
            return store.show(pool, call.ws(), null, IdentityGraph.USER, name.substring(BY_USER_ID.length()));
        }
        if (name.startsWith(BY_ANONYMOUS_ID)) {
            return store.show(pool, call.ws(), null, IdentityGraph.VISITOR, name.substring(BY_ANONYMOUS_ID.length()));
        }
        UUID id = call.id("id", "profile");
        return store.show(pool, call.ws(), id, null, null);
    }
}
