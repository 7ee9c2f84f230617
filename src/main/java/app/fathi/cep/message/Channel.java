package app.fathi.cep.message;

import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A way to a person: what the sending pipeline needs of {@code webpush} and, later, e-mail, connectors and the inbox.
 * It knows addresses and the wire; whether and when something is sent is decided before.
 */
public interface Channel {

    ChannelKind kind();

    /** Active addresses of these people, each person's most recently active first. */
    Future<List<Address>> addressesOf(SqlClient client, int ws, Collection<Integer> profileNos);

    /** Active addresses by their own ids; ids of ended ones and of other workspaces are left out. */
    Future<List<Address>> addresses(SqlClient client, int ws, Collection<UUID> ids);

    /** Whose these addresses are, ended ones too; ids that name none and ids of other workspaces are left out. */
    Future<Map<UUID, Integer>> owners(SqlClient client, int ws, Collection<UUID> ids);

    /** Active addresses that these members of staff have linked as their own, by member; who has none is left out. */
    default Future<Map<UUID, List<UUID>>> ofStaff(SqlClient client, int ws, Collection<UUID> accounts) {
        return Future.succeededFuture(Map.of());
    }

    /** Whose those are that are active still; asked again inside the intent transaction. */
    Future<Map<UUID, Integer>> stillActive(SqlClient tx, int ws, Collection<UUID> ids);

    /** What this channel could not send of the content, before anything is rendered: each fault at its JSON pointer. */
    List<Fault> check(int ws, JsonObject content, String pointer);

    /** What stands against sending anything at all for this workspace. Whoever checks content asks before. */
    default Future<List<Obstacle>> obstacles(SqlClient client, int ws) {
        return Future.succeededFuture(List.of());
    }

    /**
     * Until when the other side of this address takes nothing; null: it may be tried. Asked from any thread before anything is
     * made for it, answered from memory, and perhaps a moment old.
     */
    Instant heldUntil(Address address);

    /** Which part of what a message says this channel shows, from 0 to 1. CPU alone. */
    default double fit(JsonObject content) {
        return 1;
    }

    /** The octets for the wire; pure CPU, called in slices on the send pool. Says what is wrong instead of throwing. */
    Composed compose(Outgoing outgoing);

    /**
     * One attempt; the future never fails. A channel that makes an attempt wait before its first octet leaves (for a
     * connection, a stream, a rate) asks the gate again just before, and answers {@link Attempt#NOT_SENT} when it is shut.
     */
    Future<Attempt> send(Outgoing outgoing, Composed composed, Gate gate);

    /** Inside the result transaction: these addresses are gone for good. */
    Future<Void> end(SqlClient tx, int ws, Collection<UUID> gone);

    /** Whether an attempt may still leave: the lease is young enough and the run was not cancelled. Cheap, no I/O. */
    @FunctionalInterface
    interface Gate {
        boolean open();
    }

    /** One reachable address of a person. */
    interface Address {
        UUID id();

        int profileNo();

        /** Scheme, host and port of the service behind it: what a kill switch may name. */
        String origin();

        /** The language of who reads it there, as a BCP 47 tag; null when it is not known. */
        default String language() {
            return null;
        }
    }

    /**
     * One delivery as the channel sees it.
     *
     * @param id the delivery's public id: the same on every attempt, so that the device recognises a repetition
     * @param trackingToken proves reports of what became of it; null when tracking is off
     * @param content rendered; the properties of the contract's {@code PushContent}
     * @param expiresAt nothing is sent later
     * @param ttlSeconds what remains, for the push service; 0 is now or never
     * @param topic the collapse key, null to derive one from the id
     * @param attempt 1 for the first
     * @param transactional never waits behind others
     */
    record Outgoing(
            int ws,
            UUID id,
            String trackingToken,
            JsonObject content,
            Address address,
            Instant expiresAt,
            int ttlSeconds,
            Urgency urgency,
            String topic,
            int attempt,
            boolean transactional) {}

    /**
     * @param payload for {@link #send}; null when there is a fault
     * @param fault null when fine, else why it cannot be sent: {@link Reason#PAYLOAD_TOO_LARGE} or another final reason
     */
    record Composed(byte[] payload, Reason fault) {}

    /**
     * What came of one attempt.
     *
     * @param reason {@link Reason#ACCEPTED}, or why it failed; null when it was no attempt
     * @param retry whether another attempt makes sense; the pipeline bounds attempts and time
     * @param notBefore the earliest next attempt ({@code Retry-After}, or now for "at once"); null for the usual back-off
     * @param httpStatus 0 when there was no answer
     * @param bodyWritten whether the other side may have taken it although we cannot tell
     */
    record Attempt(Reason reason, boolean retry, Instant notBefore, int httpStatus, boolean bodyWritten) {

        /** The gate was shut: nothing left, this was no attempt. */
        public static final Attempt NOT_SENT = new Attempt(null, true, null, 0, false);

        /** The channel did not try, because its other side takes nothing before that instant: this was no attempt. */
        public static Attempt held(Instant notBefore) {
            return new Attempt(null, true, notBefore, 0, false);
        }
    }
}
