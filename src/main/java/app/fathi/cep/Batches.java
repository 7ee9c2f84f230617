package app.fathi.cep;

import app.fathi.cep.message.BatchItem;
import app.fathi.cep.message.BatchTaken;
import app.fathi.cep.message.BatchTaken.Result;
import app.fathi.cep.message.BatchTaken.Status;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Source;
import app.fathi.cep.sending.Sending;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.templates.Wording;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Takes many personalised messages at once. What is common makes one run, with a claim for each person as everywhere; a
 * person who is named twice gets the second item by a second run, and so on, so each item is a delivery of its own.
 */
public final class Batches {
    private final Messages messages;
    private final Sending sending;

    public Batches(Messages messages, Sending sending) {
        this.messages = messages;
        this.sending = sending;
    }

    /** Whom an item is for: a person, or one address of theirs. */
    private record Recipient(int profileNo, UUID subscription) {}

    /**
     * Writes runs, chunks and jobs of those items that can be sent, in the caller's transaction.
     *
     * @param shared what the items have in common; its audience is not looked at, its content may be without a title
     */
    public Future<BatchTaken> request(SqlConnection tx, int ws, MessageRequest shared, List<BatchItem> items) {
        return messages.ready(tx, ws, shared, true).compose(ready -> take(tx, ws, ready, items));
    }

    private Future<BatchTaken> take(SqlConnection tx, int ws, MessageRequest shared, List<BatchItem> items) {
        var results = new Result[items.size()];
        return wording(sending, tx, ws, shared)
                .compose(wording -> faults(ws, shared, wording, items))
                .compose(faults -> {
                    for (int i = 0; i < results.length; i++) {
                        if (!faults.get(i).isEmpty()) {
                            results[i] = Result.invalid(faults.get(i));
                        }
                    }
                    return recipients(tx, ws, items);
                })
                .compose(recipients -> {
                    var runs = runs(items, recipients, results);
                    return shared.dryRun()
                            ? messages.checkTimes(tx, shared)
                            : write(tx, ws, shared.from(Source.BATCH), items, recipients, runs, results);
                })
                .map(done -> new BatchTaken(List.of(results)));
    }

    // --- what is wrong with an item ---------------------------------------------------------------------------------

    /** What the template says that all items have in common; null for none, and where it has no variables. */
    static Future<Wording> wording(Sending sending, SqlConnection tx, int ws, MessageRequest shared) {
        var pin = shared.pin();
        return pin == null || pin.filling() == null
                ? Future.succeededFuture()
                : sending.templates().wording(tx, ws, pin.template(), pin.version());
    }

    private Future<List<List<Fault>>> faults(int ws, MessageRequest shared, Wording wording, List<BatchItem> items) {
        var numbers = IntStream.range(0, items.size()).boxed().toList();
        return sending.pool().map(shared.isTransactional(), numbers, number -> {
            var item = items.get(number);
            var pointer = "/items/" + number;
            var faults = wording == null
                    ? List.<Fault>of()
                    : given(wording, shared.pin().filling(), item.data(), pointer + "/data");
            return faults.isEmpty() ? faults(ws, shared.content(), item, pointer) : faults;
        });
    }

    /**
     * What is wrong with what the template gets of an item and of the batch.
     *
     * @param data the item's; null for nothing
     */
    static List<Fault> given(Wording wording, JsonObject filling, JsonObject data, String pointer) {
        var all = filling.getJsonObject("variables", new JsonObject()).copy();
        if (data != null) {
            all.mergeIn(data);
        }
        var faults = wording.checkTypes(all, pointer);
        return faults.isEmpty() ? wording.missing(all, pointer) : faults;
    }

    private List<Fault> faults(int ws, JsonObject shared, BatchItem item, String pointer) {
        if (item.content() == null) {
            return hasTitle(shared) ? List.of() : untitled(pointer);
        }
        var faults = messages.faults(ws, item.content(), pointer + "/content");
        return faults.isEmpty() && !hasTitle(BatchItem.content(shared, item.own())) ? untitled(pointer) : faults;
    }

    private static boolean hasTitle(JsonObject content) {
        return content.getString("title") != null;
    }

    private static List<Fault> untitled(String pointer) {
        return List.of(new Fault(pointer + "/content/title", "Neither the item nor the batch's content has a title."));
    }

    // --- whom it is for ---------------------------------------------------------------------------------------------

    /** By the items' places; null for those that name nobody. */
    private Future<List<Recipient>> recipients(SqlConnection tx, int ws, List<BatchItem> items) {
        var subscriptions = given(items.stream().map(BatchItem::subscriptionId).collect(Collectors.toSet()));
        var profiles = given(items.stream().map(BatchItem::profileId).collect(Collectors.toSet()));
        var users = given(items.stream().map(BatchItem::userId).collect(Collectors.toSet()));
        var owners = subscriptions.isEmpty()
                ? Future.succeededFuture(Map.<UUID, Integer>of())
                : messages.channel().owners(tx, ws, subscriptions);
        var byProfile = profiles.isEmpty()
                ? Future.succeededFuture(Map.<UUID, Integer>of())
                : sending.profiles().numbersByIds(tx, ws, profiles);
        var byUser = users.isEmpty()
                ? Future.succeededFuture(Map.<String, Integer>of())
                : sending.profiles().numbersByUserIds(tx, ws, users);
        return Future.all(owners, byProfile, byUser).map(all -> items.stream()
                .map(item -> {
                    var number = item.subscriptionId() != null
                            ? owners.result().get(item.subscriptionId())
                            : item.profileId() != null
                                    ? byProfile.result().get(item.profileId())
                                    : byUser.result().get(item.userId());
                    return number == null ? null : new Recipient(number, item.subscriptionId());
                })
                .collect(Collectors.toCollection(ArrayList::new)));
    }

    private static <T> Set<T> given(Set<T> ids) {
        var given = new HashSet<>(ids);
        given.remove(null);
        return given;
    }

    // --- runs -------------------------------------------------------------------------------------------------------

    /** A run names either addresses or whole people, and each person once. */
    private record RunKey(boolean named, int occurrence) {}

    /** The places of the items of each run, by person; the others' results are set. */
    private static Map<RunKey, TreeMap<Integer, Integer>> runs(
            List<BatchItem> items, List<Recipient> recipients, Result[] results) {
        var runs = new LinkedHashMap<RunKey, TreeMap<Integer, Integer>>();
        var seen = new HashMap<Integer, int[]>();
        for (int i = 0; i < items.size(); i++) {
            var recipient = recipients.get(i);
            if (results[i] == null && recipient == null) {
                results[i] = Result.of(Status.UNKNOWN);
            }
            if (results[i] == null) {
                results[i] = Result.of(Status.DRY_RUN);
                boolean named = recipient.subscription != null;
                var counts = seen.computeIfAbsent(recipient.profileNo, no -> new int[2]);
                var key = new RunKey(named, counts[named ? 1 : 0]++);
                runs.computeIfAbsent(key, k -> new TreeMap<>()).put(recipient.profileNo, i);
            }
        }
        return runs;
    }

    private Future<Void> write(
            SqlConnection tx,
            int ws,
            MessageRequest shared,
            List<BatchItem> items,
            List<Recipient> recipients,
            Map<RunKey, TreeMap<Integer, Integer>> runs,
            Result[] results) {
        Future<Void> written = Future.succeededFuture();
        for (var run : runs.values()) {
            var people = new TreeMap<Integer, List<UUID>>();
            var own = new HashMap<Integer, JsonObject>();
            run.forEach((profileNo, place) -> {
                var subscription = recipients.get(place).subscription;
                people.put(profileNo, subscription == null ? null : List.of(subscription));
                own.put(profileNo, items.get(place).own());
            });
            written = written.compose(before -> messages.write(tx, ws, shared, people, own))
                    .map(id -> {
                        run.values().forEach(place -> results[place] = Result.queued(id));
                        return null;
                    });
        }
        return written;
    }
}
