package app.fathi.platform.security;

import io.vertx.core.Future;
import java.util.Locale;
import java.util.Set;

/**
 * What a workspace lays down for all that is taken and sent in it. Implemented by the domain that owns workspaces, asked by
 * those that take and send.
 */
public interface Tenancy {

    /**
     * @param name what the workspace is called
     * @param serverOnlyEvents names of events that a browser's public key may not send
     * @param blockedIds ids of people that name nobody, in small letters
     * @param purposes what messages may be for
     * @param linkHosts where links of messages may lead; empty: anywhere
     */
    record Rules(
            String name,
            Set<String> serverOnlyEvents,
            Set<String> blockedIds,
            Set<String> purposes,
            Set<String> linkHosts) {
        /** Whether the id names nobody in this workspace; whatever its case and the blanks around it. */
        public boolean isBlocked(String id) {
            return !blockedIds.isEmpty() && blockedIds.contains(id.strip().toLowerCase(Locale.ROOT));
        }
    }

    /** As they were a second ago at most. */
    Future<Rules> rules(int ws);
}
