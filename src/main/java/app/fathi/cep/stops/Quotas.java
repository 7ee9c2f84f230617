package app.fathi.cep.stops;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;

/** How much of its quota a workspace has used, for people to look at; sending takes from it by {@link QuotaStore#take}. */
public final class Quotas {
    private final Pool pool;

    public Quotas(Pool pool) {
        this.pool = pool;
    }

    public Future<Reply> get(Call call) {
        return QuotaStore.usage(pool, call.ws()).map(usage -> Reply.ok(usage.toJson()));
    }
}
