package app.fathi.roles;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class RolesVerticle extends VerticleBase {
    private final RolesService service;

    public RolesVerticle(Transactions transactions, Roles roles, SecurityEpochs epochs, Audit audit, Cursor cursor) {
        this.service = new RolesService(transactions, roles, epochs, audit, cursor);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "roles", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "listRoles",
                call -> service.list(call).map(Reply::ok),
                "createRole",
                service::create,
                "getRole",
                service::get,
                "updateRole",
                service::update,
                "deleteRole",
                call -> service.delete(call).map(done -> Reply.noContent()),
                "listRolePermissions",
                call -> service.permissions(call).map(Reply::ok));
    }
}
