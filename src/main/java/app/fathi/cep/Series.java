package app.fathi.cep;

import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.SeriesTally;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.runs.SeriesStore;
import app.fathi.cep.sending.Sending;
import app.fathi.cep.sending.Turns;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.jobs.Jobs;
import app.fathi.templates.Wording;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Messages of one campaign that go out one after another, each to one person or to some, for as long as it runs. However many there
 * are, they are stopped by one row, which senders read with the state of each, and counted together as the ledger changes.
 */
public final class Series {
    private final Sending sending;
    private final Messages messages;
    private final Jobs jobs;

    public Series(Sending sending, Messages messages, Jobs jobs) {
        this.sending = sending;
        this.messages = messages;
        this.jobs = jobs;
    }

    /** From now on the campaign's messages are one. Opening it again changes nothing. */
    public Future<Void> open(SqlClient tx, int ws, UUID campaign) {
        return SeriesStore.open(tx, ws, campaign);
    }

    /** Nothing of it is sent from now on, on any node within seconds, until it {@link #resume goes on}; its time goes by. */
    public Future<Void> pause(SqlClient tx, int ws, UUID campaign) {
        return SeriesStore.pause(tx, ws, campaign, true);
    }

    public Future<Void> resume(SqlConnection tx, int ws, UUID campaign) {
        return SeriesStore.pause(tx, ws, campaign, false).compose(done -> wake(tx, ws, campaign));
    }

    /** Nothing of it is ever sent from now on: what waits ends as cancelled. */
    public Future<Void> cancel(SqlConnection tx, int ws, UUID campaign) {
        return SeriesStore.cancel(tx, ws, campaign).compose(done -> wake(tx, ws, campaign));
    }

    private Future<Void> wake(SqlConnection tx, int ws, UUID campaign) {
        return SeriesStore.wake(tx, ws, campaign)
                .onSuccess(done -> tx.transaction().completion().onSuccess(committed -> jobs.wake()));
    }

    public Future<SeriesTally> count(SqlClient client, int ws, UUID campaign) {
        return SeriesStore.count(client, ws, campaign);
    }

    /** The campaign is no more; its messages stay in the ledger. */
    public Future<Void> forget(SqlClient tx, int ws, UUID campaign) {
        return SeriesStore.forget(tx, ws, campaign);
    }

    /**
     * A message of the series before it is for anybody.
     *
     * @param faults by person what is wrong with what they were to get; those without faults are left out
     */
    public record Draft(MessageRequest request, Map<Integer, List<Fault>> faults) {}

    /**
     * Looks whether it can be sent, and what is wrong with what each person is to get of their own. Fails with {@code unprocessable}
     * where nobody could get it.
     *
     * @param shared its audience is not looked at
     * @param data by person what its templates may name as {@code data}, and its template as variables; what is wrong points to {@code /data}
     */
    public Future<Draft> draft(SqlConnection tx, int ws, MessageRequest shared, Map<Integer, JsonObject> data) {
        return messages.ready(tx, ws, shared, true).compose(ready -> Batches.wording(sending, tx, ws, ready)
                .compose(wording -> wording == null
                        ? Future.succeededFuture(new Draft(ready, Map.of()))
                        : faults(ready, wording, data).map(faults -> new Draft(ready, faults))));
    }

    private Future<Map<Integer, List<Fault>>> faults(
            MessageRequest ready, Wording wording, Map<Integer, JsonObject> data) {
        var people = new ArrayList<>(data.keySet());
        return sending.pool()
                .map(
                        ready.isTransactional(),
                        people,
                        no -> Batches.given(wording, ready.pin().filling(), data.get(no), "/data"))
                .map(all -> {
                    var faults = new HashMap<Integer, List<Fault>>();
                    for (int i = 0; i < people.size(); i++) {
                        if (!all.get(i).isEmpty()) {
                            faults.put(people.get(i), all.get(i));
                        }
                    }
                    return faults;
                });
    }

    /** What a message is called in the ledger, and when it was begun by the database's clock. */
    public record Place(long run, Instant now) {}

    /** A new one. One that nobody uses is no loss. */
    public Future<Place> place(SqlClient tx) {
        return RunsStore.nextNumber(tx).map(number -> new Place(number.run(), number.now()));
    }

    /**
     * Writes the message, its chunks and jobs in the caller's transaction: when it commits, it is sent whatever happens.
     *
     * @param id of the message, a new one
     * @param data of all whom it is for, not empty; see {@link #draft}
     */
    public Future<Void> send(
            SqlConnection tx, int ws, UUID id, Place place, Draft draft, Map<Integer, JsonObject> data) {
        var request = draft.request;
        if (Turns.isSmall(request.isTransactional(), data.size())) {
            sending.turns().smallUntil(tx.transaction().completion());
        }
        var people = new TreeMap<Integer, List<UUID>>();
        var own = new HashMap<Integer, JsonObject>();
        boolean anything = data.values().stream().anyMatch(given -> !given.isEmpty());
        data.forEach((no, given) -> {
            people.put(no, null);
            if (anything) {
                own.put(no, new JsonObject().put("data", given));
            }
        });
        var number = new RunsStore.Number(place.run, place.now);
        // Asked in one go.
        return Future.join(
                        messages.write(tx, ws, id, request, number, people, own),
                        SeriesStore.begin(tx, request.plan().campaign(), people.size()))
                .mapEmpty();
    }
}
