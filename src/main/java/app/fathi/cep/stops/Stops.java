package app.fathi.cep.stops;

import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Reason;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * What a sender must know before anything of its run may leave.
 *
 * @param cancelled the run was, or it is no more
 * @param killed a kill switch stops the whole run
 * @param held the run is older than a restore and waits to be released, see {@link app.fathi.cep.Holds}
 * @param origins to which a kill switch lets nothing go
 */
public record Stops(boolean cancelled, boolean killed, boolean held, Set<String> origins) {
    public static final Stops NONE = new Stops(false, false, false, Set.of());

    /**
     * With this switch besides, for a run of this channel.
     *
     * @param campaign whose run it is; null where it is no campaign's
     */
    public Stops with(KillSwitch.Scope scope, String target, ChannelKind channel, UUID campaign) {
        return switch (scope) {
            case ALL, WORKSPACE -> new Stops(cancelled, true, held, origins);
            case CHANNEL -> new Stops(cancelled, killed || target.equals(channel.word()), held, origins);
            case CAMPAIGN ->
                new Stops(cancelled, killed || campaign != null && target.equals(campaign.toString()), held, origins);
            case ORIGIN -> {
                var more = new HashSet<>(origins);
                more.add(target);
                yield new Stops(cancelled, killed, held, Set.copyOf(more));
            }
        };
    }

    public Stops cancel() {
        return new Stops(true, killed, held, origins);
    }

    /** Nothing of the run will ever leave: what is left of it ends. */
    public boolean everything() {
        return cancelled || killed;
    }

    /** Nothing of the run may leave now. */
    public boolean anything() {
        return everything() || held;
    }

    /** Nothing may leave for this address. */
    public boolean stop(Channel.Address address) {
        return anything() || !origins.isEmpty() && origins.contains(address.origin());
    }

    /** Why what they stop is not sent. */
    public Reason reason() {
        return cancelled ? Reason.CANCELLED : Reason.KILL_SWITCH;
    }
}
