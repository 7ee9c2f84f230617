package app.fathi.cep;

import java.util.Set;

/**
 * What a sender must know before anything of its run may leave.
 *
 * @param cancelled the run was, or it is no more
 * @param killed a kill switch stops the whole run
 * @param origins to which a kill switch lets nothing go
 */
record Stops(boolean cancelled, boolean killed, Set<String> origins) {
    static final Stops NONE = new Stops(false, false, Set.of());

    Stops cancel() {
        return new Stops(true, killed, origins);
    }

    /** Nothing of the run may leave. */
    boolean everything() {
        return cancelled || killed;
    }

    /** Nothing may leave for this address. */
    boolean stop(Channel.Address address) {
        return everything() || !origins.isEmpty() && origins.contains(address.origin());
    }

    /** Why what they stop is not sent. */
    Reason reason() {
        return cancelled ? Reason.CANCELLED : Reason.KILL_SWITCH;
    }
}
