package app.fathi.cep.decisions;

import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.NextStep;
import app.fathi.cep.ledger.RetryReason;
import app.fathi.cep.message.Channel.Address;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One delivery that may be about to leave.
 *
 * @param rank of the device among the person's; 0 for a person without one
 * @param id the delivery's public id
 * @param address null when there is none, or none any more
 * @param traits null when the content does not ask for them, or the person is no more
 * @param own what the person gets of their own, see {@link app.fathi.cep.message.BatchItem#own()}; null for nothing
 * @param previous its row, when it waited or its sender died; null for a new claim
 */
public record Candidate(
        int profileNo, int rank, UUID id, Address address, JsonObject traits, JsonObject own, LedgerRow previous) {

    /** New claims of a person: one for each device, and one that says that there is none. */
    public static List<Candidate> claims(int person, List<Address> devices, JsonObject traits, JsonObject own) {
        var claims = new ArrayList<Candidate>();
        for (int rank = 0; rank < Math.max(1, devices.size()); rank++) {
            var address = devices.isEmpty() ? null : devices.get(rank);
            claims.add(new Candidate(person, rank, UuidCreator.getTimeOrderedEpoch(), address, traits, own, null));
        }
        return claims;
    }

    /** Its row when it is tried now. */
    public LedgerRow attempting() {
        return row(State.ATTEMPTING, attempts() + 1, null);
    }

    /** Its row when it ends without being tried. */
    public LedgerRow ended(Reason wanted) {
        var reason = LedgerRow.of(wanted, retry());
        return row(reason.finalState(), attempts(), reason);
    }

    /** Its row when it is not tried now, as its next step says. */
    public LedgerRow later(NextStep next) {
        return row(State.WAITING, attempts(), null).after(next, attempts(), null);
    }

    /** Made before. */
    public int attempts() {
        return previous == null ? 0 : previous.attempts();
    }

    private LedgerRow row(State state, int attempts, Reason reason) {
        var subscription = previous != null ? previous.subscription() : address == null ? null : address.id();
        return new LedgerRow(
                profileNo, rank, id, subscription, state, attempts, reason, retry(), null, null, null, null, null);
    }

    private RetryReason retry() {
        if (previous == null) {
            return null;
        }
        // A crash stays on record: it is what can explain a duplicate.
        if (previous.state() == State.ATTEMPTING || RetryReason.CRASH.equals(previous.retry())) {
            return RetryReason.CRASH;
        }
        return previous.reason() == null ? previous.retry() : new RetryReason(previous.reason());
    }
}
