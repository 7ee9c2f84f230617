package app.fathi.segments;

import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.segments.BlocksStore.Place;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Learns from {@code facts} who moved between segments, and turns membership round: from people's rows to the bitmaps by
 * which segments are counted and listed. A fact only says where to look; what holds is what the person's row says by now, so
 * it makes no difference in which order facts come, and how often. Whose subscription began or ended is asked again,
 * and where rules speak of messages also who was sent one or did something with it.
 */
public final class MembershipFacts {
    static final String ENTERED = "segment.entered";
    static final String LEFT = "segment.left";
    /** The same of a segment that not everybody was asked for yet: no news for people. */
    static final String COUNTED = "segment.counted";

    static final Set<String> MOVES = Set.of(ENTERED, LEFT, COUNTED);
    private static final Set<String> ADDRESSES =
            Set.of("subscription.created", "subscription.expired", "subscription.removed");

    /** What became of messages, of which rules may speak. */
    private static final Set<String> MESSAGES =
            Set.of("message.accepted", "message.shown", "message.clicked", "message.closed");

    private final Vertx vertx;
    private final Membership membership;
    private final BlocksStore blocks = new BlocksStore();
    private final MembershipStore store = new MembershipStore();
    private final MessagesStore messages = new MessagesStore();

    MembershipFacts(Vertx vertx, Membership membership) {
        this.vertx = vertx;
        this.membership = membership;
    }

    /** @param no the segment's small number */
    static StreamRecord fact(int ws, String kind, UUID segment, int no, int profileNo, Instant at) {
        return new StreamRecord(
                ws,
                "#" + profileNo,
                kind,
                new JsonObject()
                        .put("segment", segment.toString())
                        .put("no", no)
                        .put("profileNo", profileNo)
                        .put("at", at.toString()));
    }

    /** What the consumer of {@code facts} does with a batch. */
    public Future<Void> learn(SqlConnection tx, List<Consumed> records) {
        var moved = new TreeMap<Integer, Set<Place>>();
        var subscriptions = new TreeMap<Integer, Set<UUID>>();
        var merged = new TreeMap<Integer, Set<Integer>>();
        var reached = new TreeMap<Integer, Set<Integer>>();
        for (var consumed : records) {
            var record = consumed.record();
            if (MOVES.contains(record.kind())) {
                moved.computeIfAbsent(record.ws(), ws -> new TreeSet<>())
                        .add(new Place(
                                record.payload().getInteger("no"),
                                record.payload().getInteger("profileNo")));
            } else if (ADDRESSES.contains(record.kind())) {
                subscriptions
                        .computeIfAbsent(record.ws(), ws -> new HashSet<>())
                        .add(UUID.fromString(record.payload().getString("subscriptionId")));
            } else if (MESSAGES.contains(record.kind())) {
                var people = reached.computeIfAbsent(record.ws(), ws -> new HashSet<>());
                record.payload()
                        .getJsonObject("deliveries")
                        .getJsonArray("profileNo")
                        .forEach(no -> people.add((Integer) no));
            } else if (record.kind().equals("profile.merged")) {
                // Addresses went from the one to the other.
                var both = merged.computeIfAbsent(record.ws(), ws -> new HashSet<>());
                both.add(record.payload().getInteger("fromNo"));
                both.add(record.payload().getInteger("toNo"));
            }
        }
        Future<Void> chain = Future.succeededFuture();
        // First, because it holds the rules: whoever changes them waits before taking a block.
        for (var entry : reached.entrySet()) {
            chain = chain.compose(done -> reached(tx, entry.getKey(), entry.getValue()));
        }
        for (var entry : moved.entrySet()) {
            chain = chain.compose(done -> blocks.turn(tx, entry.getKey(), entry.getValue()));
        }
        for (var entry : subscriptions.entrySet()) {
            chain = chain.compose(done -> store.holders(tx, entry.getKey(), entry.getValue()))
                    .compose(people -> wake(tx, entry.getKey(), people));
        }
        for (var entry : merged.entrySet()) {
            chain = chain.compose(done -> wake(tx, entry.getKey(), entry.getValue()));
        }
        return chain;
    }

    /** What the ledger says of them by now is read when they are asked. Where no rule speaks of messages nobody is. */
    private Future<Void> reached(SqlConnection tx, int ws, Set<Integer> people) {
        return membership
                .rules(tx, ws)
                .compose(rules -> rules.isPresent() && rules.get().askMessages()
                        ? messages.people(tx, ws, people).compose(now -> wake(tx, ws, now))
                        : Future.succeededFuture());
    }

    private Future<Void> wake(SqlConnection tx, int ws, Set<Integer> people) {
        return people.isEmpty()
                ? Future.succeededFuture()
                : store.wake(tx, ws, people).map(woken -> {
                    if (woken > 0) {
                        MembershipTimers.wakeAfter(vertx, tx);
                    }
                    return null;
                });
    }
}
