package app.fathi.campaigns;

import app.fathi.campaigns.Entries.Entered;
import app.fathi.campaigns.Entries.Left;
import app.fathi.campaigns.Entries.Refused;
import app.fathi.campaigns.Entries.Standing;
import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;

/** Enters people into a triggered campaign, each with what they are to be told. */
final class EntriesService {
    /** What one call keeps for its people, in characters: what is common to all is kept for each. */
    private static final int MOST_DATA = 4_000_000;

    private final Transactions transactions;
    private final Entries entries;
    private final Profiles profiles;
    private final Authorities authorities;
    private final Audit audit;

    /** @param transactions on the pool of those who send */
    EntriesService(
            Transactions transactions, Entries entries, Profiles profiles, Authorities authorities, Audit audit) {
        this.transactions = transactions;
        this.entries = entries;
        this.profiles = profiles;
        this.authorities = authorities;
        this.audit = audit;
    }

    /** Items are independent: one that nobody can be entered by keeps no other from being entered. */
    Future<Reply> trigger(Call call) {
        var recipients = Recipient.all(call.json());
        // Before the transaction, which holds a connection, and whatever the campaign is.
        return LaunchesService.mayBeTransactional(authorities, call)
                .compose(may -> transactions.once(call, tx -> trigger(tx, call, recipients, may)));
    }

    private Future<Reply> trigger(SqlConnection tx, Call call, List<Recipient> recipients, boolean mayBeTransactional) {
        // Asked in one go.
        var standing = entries.standing(tx, call.ws(), call.id("id", "campaign"));
        var numbers = numbers(tx, call.ws(), recipients);
        return Future.all(standing, numbers).compose(both -> {
            var campaign = standing.result().campaign().orElseThrow(() -> ProblemException.notFound("campaign"));
            LaunchesService.requireTransactional(campaign, mayBeTransactional);
            return trigger(tx, call, standing.result(), recipients, numbers.result());
        });
    }

    private Future<Reply> trigger(
            SqlConnection tx, Call call, Standing standing, List<Recipient> recipients, List<Integer> numbers) {
        boolean dry = call.json().getBoolean("dryRun", false);
        var items = new JsonObject[numbers.size()];
        var data = new TreeMap<Integer, JsonObject>();
        for (int i = 0; i < items.length; i++) {
            var no = numbers.get(i);
            if (no == null) {
                items[i] = item("unknown");
            } else if (data.putIfAbsent(no, recipients.get(i).data()) != null) {
                items[i] = item("duplicate");
            }
        }
        // Of a call that names nobody it is told as well where nobody could be entered.
        var asked = dry
                ? entries.dryRun(tx, call.ws(), standing, data)
                : entries.enter(tx, call.ws(), standing, UUID.randomUUID().toString(), data);
        return asked.compose(outcome -> switch (outcome) {
            case Refused(var why) -> throw ProblemException.conflict(why);
            case Entered entered -> {
                for (int i = 0; i < items.length; i++) {
                    items[i] = items[i] == null ? item(entered.left().get(numbers.get(i)), i, dry) : items[i];
                }
                yield answer(tx, call, entered.message(), List.of(items));
            }
        });
    }

    private Future<Reply> answer(SqlConnection tx, Call call, UUID message, List<JsonObject> items) {
        long entered = items.stream()
                .filter(item -> item.getString("status").equals("entered"))
                .count();
        var json = new JsonObject()
                .put("messageId", message == null ? null : message.toString())
                .put("entered", entered)
                .put("items", new JsonArray(items));
        if (message == null) {
            return Future.succeededFuture(Reply.accepted(json));
        }
        var after = new JsonObject().put("message", message.toString()).put("entered", entered);
        return audit.record(tx, call, "campaign", call.id("id", "campaign"), null, after)
                .map(Reply.accepted(json));
    }

    private static JsonObject item(String status) {
        return new JsonObject().put("status", status);
    }

    /** @param left null for one who was entered */
    private static JsonObject item(Left left, int place, boolean dry) {
        if (left == null) {
            return item(dry ? "dry-run" : "entered");
        }
        var item = item(left.why().name().toLowerCase(Locale.ROOT));
        if (left.faults().isEmpty()) {
            return item;
        }
        var errors = new JsonArray();
        left.faults()
                .forEach(fault -> errors.add(new JsonObject()
                        .put("pointer", "/recipients/" + place + fault.pointer())
                        .put("detail", fault.detail())));
        return item.put("errors", errors);
    }

    // --- whom it is for ---------------------------------------------------------------------------------------------

    /**
     * Somebody who is named by one of three ids.
     *
     * @param data what is common to all and what is theirs
     */
    private record Recipient(UUID profileId, String userId, String anonymousId, JsonObject data) {
        static List<Recipient> all(JsonObject json) {
            var shared = json.getJsonObject("data", new JsonObject());
            long sharedSize = shared.encode().length();
            var array = json.getJsonArray("recipients");
            var all = new ArrayList<Recipient>();
            long size = 0;
            for (int i = 0; i < array.size(); i++) {
                var one = array.getJsonObject(i);
                var own = one.getJsonObject("data", new JsonObject());
                size += sharedSize + own.encode().length();
                all.add(new Recipient(
                        profileId(one, i),
                        one.getString("userId"),
                        one.getString("anonymousId"),
                        new JsonObject().mergeIn(shared).mergeIn(own)));
            }
            if (size > MOST_DATA) {
                throw ProblemException.unprocessable(
                        "/data",
                        "With what is common to all, the data of all recipients come to more than " + MOST_DATA
                                + " characters: put what is the same for everybody into the template, or enter fewer at once.");
            }
            return all;
        }

        private static UUID profileId(JsonObject one, int place) {
            try {
                return one.getString("profileId") == null ? null : UUID.fromString(one.getString("profileId"));
            } catch (IllegalArgumentException e) {
                throw ProblemException.invalid("/recipients/" + place + "/profileId", "This is not a UUID.");
            }
        }
    }

    /** By the recipients' places; null for those that name nobody here. */
    private Future<List<Integer>> numbers(SqlConnection tx, int ws, List<Recipient> recipients) {
        var profileIds = recipients.stream()
                .map(Recipient::profileId)
                .filter(Objects::nonNull)
                .toList();
        var userIds = recipients.stream()
                .map(Recipient::userId)
                .filter(Objects::nonNull)
                .toList();
        var anonymousIds = recipients.stream()
                .map(Recipient::anonymousId)
                .filter(Objects::nonNull)
                .toList();
        Future<Map<UUID, Integer>> byProfile =
                profileIds.isEmpty() ? Future.succeededFuture(Map.of()) : profiles.numbersByIds(tx, ws, profileIds);
        Future<Map<String, Integer>> byUser =
                userIds.isEmpty() ? Future.succeededFuture(Map.of()) : profiles.numbersByUserIds(tx, ws, userIds);
        Future<Map<String, Integer>> byVisitor = anonymousIds.isEmpty()
                ? Future.succeededFuture(Map.of())
                : profiles.numbersByAnonymousIds(tx, ws, anonymousIds);
        return Future.all(byProfile, byUser, byVisitor).map(all -> recipients.stream()
                .map(one -> one.profileId != null
                        ? byProfile.result().get(one.profileId)
                        : one.userId != null
                                ? byUser.result().get(one.userId)
                                : byVisitor.result().get(one.anonymousId))
                .collect(ArrayList::new, ArrayList::add, ArrayList::addAll));
    }
}
