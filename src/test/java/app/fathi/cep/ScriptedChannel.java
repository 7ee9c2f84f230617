package app.fathi.cep;

import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Reason;
import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/** A channel whose addresses and answers a test decides, and that remembers what left. */
public final class ScriptedChannel implements Channel {
    public static final int SIZE_LIMIT = 100;

    public record TestAddress(UUID id, int profileNo, String origin) implements Address {}

    public static final Attempt ACCEPTED = new Attempt(Reason.ACCEPTED, false, null, 201, true);

    private final Map<UUID, TestAddress> active = new LinkedHashMap<>();
    private final Map<UUID, Integer> owners = new LinkedHashMap<>();
    public final List<Outgoing> sent = new CopyOnWriteArrayList<>();
    public final List<UUID> ended = new CopyOnWriteArrayList<>();
    public volatile Function<Outgoing, Future<Attempt>> script = outgoing -> Future.succeededFuture(ACCEPTED);

    /** Called with each address that is composed for: the last thing before the intent. */
    public volatile Consumer<UUID> beforeIntent = id -> {};

    /** The person's next device, more recently active than those before. */
    public UUID subscribe(int profileNo) {
        return subscribe(profileNo, "https://push.example");
    }

    public synchronized UUID subscribe(int profileNo, String origin) {
        var id = UUID.randomUUID();
        active.put(id, new TestAddress(id, profileNo, origin));
        owners.put(id, profileNo);
        return id;
    }

    /** The address is this person's from now on. */
    public synchronized void give(UUID id, int profileNo) {
        owners.put(id, profileNo);
    }

    public synchronized void unsubscribe(UUID id) {
        active.remove(id);
    }

    public synchronized void unsubscribeAll() {
        active.clear();
    }

    public static Function<Outgoing, Future<Attempt>> always(Attempt attempt) {
        return outgoing -> Future.succeededFuture(attempt);
    }

    public static Attempt transientFailure(Instant notBefore) {
        return new Attempt(Reason.PUSH_SERVICE_ERROR, true, notBefore, 503, true);
    }

    @Override
    public ChannelKind kind() {
        return ChannelKind.WEBPUSH;
    }

    @Override
    public synchronized Future<List<Address>> addressesOf(SqlClient client, int ws, Collection<Integer> profileNos) {
        var found = new ArrayList<Address>();
        active.values().stream().filter(a -> profileNos.contains(a.profileNo())).forEach(found::addFirst);
        return Future.succeededFuture(found);
    }

    @Override
    public synchronized Future<List<Address>> addresses(SqlClient client, int ws, Collection<UUID> ids) {
        return Future.succeededFuture(ids.stream()
                .filter(active::containsKey)
                .map(id -> (Address) active.get(id))
                .toList());
    }

    @Override
    public synchronized Future<Map<UUID, Integer>> owners(SqlClient client, int ws, Collection<UUID> ids) {
        var found = new LinkedHashMap<>(owners);
        found.keySet().retainAll(ids);
        return Future.succeededFuture(found);
    }

    @Override
    public synchronized Future<Map<UUID, Integer>> stillActive(SqlClient tx, int ws, Collection<UUID> ids) {
        var found = new LinkedHashMap<>(owners);
        found.keySet().retainAll(ids);
        found.keySet().retainAll(active.keySet());
        return Future.succeededFuture(found);
    }

    @Override
    public List<Fault> check(int ws, JsonObject content, String pointer) {
        return List.of();
    }

    /** Until when an origin takes nothing. */
    public final Map<String, Instant> held = new ConcurrentHashMap<>();

    @Override
    public Instant heldUntil(Address address) {
        return held.get(address.origin());
    }

    @Override
    public Composed compose(Outgoing outgoing) {
        beforeIntent.accept(outgoing.address().id());
        var payload = outgoing.content().toBuffer().getBytes();
        return payload.length > SIZE_LIMIT ? new Composed(null, Reason.PAYLOAD_TOO_LARGE) : new Composed(payload, null);
    }

    @Override
    public Future<Attempt> send(Outgoing outgoing, Composed composed, Gate gate) {
        if (!gate.open()) {
            return Future.succeededFuture(Attempt.NOT_SENT);
        }
        sent.add(outgoing);
        return script.apply(outgoing);
    }

    @Override
    public Future<Void> end(SqlClient tx, int ws, Collection<UUID> gone) {
        gone.forEach(this::unsubscribe);
        ended.addAll(gone);
        return Future.succeededFuture();
    }
}
