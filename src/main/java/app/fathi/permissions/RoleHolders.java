package app.fathi.permissions;

import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Which roles allow what, in the caller's workspace. Implemented by {@code roles}. */
public interface RoleHolders {

    /** By permission, the names of the roles that allow it, their own or through a parent. */
    Future<Map<String, List<String>>> byPermission(Caller caller);

    /**
     * Why the caller may: for each role that they hold and each that gives the permission, the roles from the one to the
     * other. Empty when none does, and for keys, which hold no roles.
     */
    Future<List<List<String>>> because(Caller caller, String permission);

    /** The same for another account; empty when it has no role in the workspace. */
    Future<Optional<List<List<String>>>> because(Caller caller, UUID account, String permission);
}
