package app.fathi.permissions;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.Contract;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** Tells what may be allowed at all, and why somebody may or may not. */
final class PermissionsService {
    private static final String READ_ROLES = "roles:read";

    private final Contract contract;
    private final Authorities authorities;
    private final RoleHolders holders;

    PermissionsService(Contract contract, Authorities authorities, RoleHolders holders) {
        this.contract = contract;
        this.authorities = authorities;
        this.holders = holders;
    }

    Future<JsonObject> list(Call call) {
        return holders.byPermission(call.caller()).map(roles -> {
            var items = new JsonArray();
            Arrays.stream(Permission.values())
                    .map(Permission::permission)
                    .sorted()
                    .forEach(name -> items.add(new JsonObject()
                            .put("name", name)
                            .put("operations", operations(name))
                            .put("roles", new JsonArray(roles.getOrDefault(name, List.of())))));
            return new JsonObject().put("items", items);
        });
    }

    private JsonArray operations(String permission) {
        var ids = new JsonArray();
        contract.operations().values().stream()
                .filter(operation -> operation.permission().equals(permission))
                .map(Contract.Operation::id)
                .sorted()
                .forEach(ids::add);
        return ids;
    }

    /** Of oneself anybody may ask, of others who may look at roles. */
    Future<JsonObject> check(Call call) {
        var permission = call.json().getString("permission");
        if (Permission.named(permission).isEmpty()) {
            throw ProblemException.unprocessable("/permission", "There is no permission named '" + permission + "'.");
        }
        var account = call.json().getString("userId");
        var caller = call.caller();
        if (account == null || account.equalsIgnoreCase(caller.id().toString())) {
            return authorities.permits(caller, permission).compose(allowed -> holders.because(caller, permission)
                    .map(ways -> answer(permission, allowed, ways, caller.kind())));
        }
        return authorities.permits(caller, READ_ROLES).compose(may -> {
            if (!may) {
                throw ProblemException.forbidden("To ask about others needs the permission " + READ_ROLES + ".");
            }
            return holders.because(caller, id(account), permission)
                    .map(ways -> answer(
                            permission,
                            !ways.orElseThrow(() -> ProblemException.unprocessable(
                                            "/userId", "Nobody with this id works in this workspace."))
                                    .isEmpty(),
                            ways.get(),
                            Caller.Kind.USER));
        });
    }

    /** The validator takes more for UUIDs than we. */
    private static UUID id(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/userId", "This is not a UUID.");
        }
    }

    private static JsonObject answer(String permission, boolean allowed, List<List<String>> ways, Caller.Kind kind) {
        var because = new JsonArray();
        ways.forEach(way -> because.add(new JsonObject()
                .put("role", way.getFirst())
                .put("through", new JsonArray(way.subList(1, way.size())))));
        if (allowed && kind != Caller.Kind.USER) {
            because.add(new JsonObject().putNull("role").put("through", new JsonArray()));
        }
        return new JsonObject()
                .put("permission", permission)
                .put("allowed", allowed)
                .put("because", because);
    }
}
