package app.fathi.cep.sending;

import app.fathi.cep.decisions.Candidate;
import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Channel.Address;
import app.fathi.cep.message.State;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.Run;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Who of a chunk is next: first the rows to resume, then people nobody has claimed. For one virtual thread. */
final class ChunkQueue {
    private final Sending sending;
    private final Run run;
    private final Chunk chunk;
    private final Channel channel;
    private final Pool pool;
    private final boolean traitsWanted;

    /** Rows to resume: they waited, or their sender died. */
    private final Deque<LedgerRow> due = new ArrayDeque<>();
    /** People nobody has claimed. */
    private final Deque<Integer> unclaimed = new ArrayDeque<>();
    /** Addresses of a chunk that names them, by person; null until needed. */
    private Map<Integer, List<Address>> named;

    ChunkQueue(Sending sending, Run run, Chunk chunk) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.channel = sending.channel(run.channel());
        this.pool = sending.transactions().pool();
        this.traitsWanted = !chunk.isConstant(run, sending.renderer());
    }

    /** Reads what the ledger knows of the chunk. */
    void load(Instant now) {
        var claimed = new HashSet<Integer>();
        for (var row : LedgerStore.rows(pool, chunk).await()) {
            claimed.add(row.profileNo());
            boolean dead = row.state() == State.ATTEMPTING;
            if (dead || row.state() == State.WAITING && !row.nextAt().isAfter(now)) {
                due.add(row);
            }
        }
        chunk.profileNos().stream().filter(no -> !claimed.contains(no)).forEach(unclaimed::add);
    }

    boolean isEmpty() {
        return due.isEmpty() && unclaimed.isEmpty();
    }

    /** The next people or rows, about as many deliveries as there is room; a person's devices stay together. */
    List<Candidate> next(int free) {
        return due.isEmpty() ? nextPeople(free) : nextDue(free);
    }

    private List<Candidate> nextDue(int free) {
        var rows = new ArrayList<LedgerRow>();
        while (rows.size() < free && !due.isEmpty()) {
            rows.add(due.poll());
        }
        var ids = rows.stream().map(LedgerRow::subscription).distinct().toList();
        var addresses = new HashMap<UUID, Address>();
        channel.addresses(pool, run.ws(), ids).await().forEach(address -> addresses.put(address.id(), address));
        var traits = traits(rows.stream().map(LedgerRow::profileNo).toList());
        return rows.stream()
                .map(row -> {
                    var address = addresses.get(row.subscription());
                    // Since then the device may have passed to somebody else, to whom the message is not addressed.
                    var same = address != null && address.profileNo() == row.profileNo() ? address : null;
                    int person = row.profileNo();
                    return new Candidate(
                            person,
                            row.rank(),
                            row.id(),
                            same,
                            traits.get(person),
                            chunk.items().get(person),
                            row);
                })
                .toList();
    }

    private List<Candidate> nextPeople(int free) {
        var people = new ArrayList<Integer>();
        while (people.size() < free && !unclaimed.isEmpty()) {
            people.add(unclaimed.poll());
        }
        var devices = devices(people);
        var taken = new ArrayList<Integer>();
        int deliveries = 0;
        for (var person : people) {
            int more = Math.max(1, devices.getOrDefault(person, List.of()).size());
            if (deliveries > 0 && deliveries + more > free) {
                break;
            }
            taken.add(person);
            deliveries += more;
        }
        people.subList(taken.size(), people.size()).reversed().forEach(unclaimed::addFirst);
        var traits = traits(taken);
        var candidates = new ArrayList<Candidate>(deliveries);
        for (var person : taken) {
            var own = chunk.items().get(person);
            candidates.addAll(
                    Candidate.claims(person, devices.getOrDefault(person, List.of()), traits.get(person), own));
        }
        return candidates;
    }

    /** Each person's devices, as many as the run wants. */
    private Map<Integer, List<Address>> devices(List<Integer> people) {
        if (chunk.subscriptions() == null) {
            return byPerson(channel.addressesOf(pool, run.ws(), people).await());
        }
        if (named == null) {
            named = byPerson(
                    channel.addresses(pool, run.ws(), chunk.subscriptions()).await());
        }
        return named;
    }

    private Map<Integer, List<Address>> byPerson(List<Address> addresses) {
        int limit = run.deviceLimit();
        var byPerson = new HashMap<Integer, List<Address>>();
        for (var address : addresses) {
            var devices = byPerson.computeIfAbsent(address.profileNo(), no -> new ArrayList<>());
            if (devices.size() < limit) {
                devices.add(address);
            }
        }
        return byPerson;
    }

    /** Traits of the people, where the content asks for them; people who are no more have none. */
    private Map<Integer, JsonObject> traits(Collection<Integer> people) {
        if (!traitsWanted) {
            return Map.of();
        }
        var traits = new HashMap<Integer, JsonObject>();
        sending.profiles()
                .views(pool, run.ws(), new HashSet<>(people))
                .await()
                .forEach((no, view) -> traits.put(no, view.traits()));
        return traits;
    }
}
