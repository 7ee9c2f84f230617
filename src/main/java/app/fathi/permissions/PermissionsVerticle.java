package app.fathi.permissions;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.http.Contract;
import app.fathi.platform.security.Authorities;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class PermissionsVerticle extends VerticleBase {
    private final PermissionsService service;

    public PermissionsVerticle(Contract contract, Authorities authorities, RoleHolders holders) {
        this.service = new PermissionsService(contract, authorities, holders);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "permissions", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "listPermissions", call -> service.list(call).map(Reply::ok),
                "checkPermission", call -> service.check(call).map(Reply::ok));
    }
}
