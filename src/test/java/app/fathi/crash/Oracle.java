package app.fathi.crash;

import static app.fathi.crash.Node.must;
import static java.util.function.Function.identity;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld.Sent;
import app.fathi.testing.FakePushService.Receipt;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Compares, delivery by delivery, what the push service took with what the ledger says of a completed message. The
 * ledger is read through the API, what was taken comes from the browsers' side of the encryption.
 */
public final class Oracle {
    private static final String CRASH = "crash";

    /** One entry of the ledger. */
    private record Delivery(String id, String subscription, String state, String reason, String retryReason) {}

    private final CrashWorld world;
    private final JsonObject status;
    /** By their ids. */
    private final Map<String, Delivery> ledger;
    /** What browsers have decrypted, by the delivery's id inside. */
    private final Map<String, List<Receipt>> taken;

    private Oracle(
            CrashWorld world, JsonObject status, Map<String, Delivery> ledger, Map<String, List<Receipt>> taken) {
        this.world = world;
        this.status = status;
        this.ledger = ledger;
        this.taken = taken;
    }

    public static Oracle of(CrashWorld world, Node node, Sent sent) {
        var taken = world.push.receipts().stream()
                .filter(receipt -> notification(receipt).getString("title").equals(sent.title()))
                .collect(groupingBy(Receipt::messageId));
        return new Oracle(world, CrashWorld.status(node, sent), ledger(node, sent), taken);
    }

    private static Map<String, Delivery> ledger(Node node, Sent sent) {
        var deliveries = new ArrayList<Delivery>();
        var path = "/api/v1/webpush/messages/" + sent.id() + "/deliveries?limit=200";
        String cursor = null;
        do {
            var page = must(
                    200,
                    node.get(
                            cursor == null
                                    ? path
                                    : path + "&cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8)));
            for (var item : page.getJsonArray("items")) {
                var json = (JsonObject) item;
                deliveries.add(new Delivery(
                        json.getString("id"),
                        json.getString("subscriptionId"),
                        json.getString("state"),
                        json.getString("reason"),
                        json.getString("retryReason")));
            }
            cursor = page.getString("nextCursor");
        } while (cursor != null);
        return deliveries.stream().collect(toMap(Delivery::id, identity()));
    }

    /** Nothing planned is missing, nothing is there twice, and what the ledger calls accepted has reached its browser. */
    public Oracle nothingIsLost() {
        assertThat(ledger).as("deliveries").hasSize(world.devices().size());
        assertThat(ledger.values().stream().map(Delivery::subscription).collect(toSet()))
                .as("each device has one delivery")
                .isEqualTo(world.devices().keySet());
        assertThat(ledger.values()).as("every delivery is final").allMatch(delivery -> delivery.state()
                .equals("accepted"));
        assertThat(taken.keySet()).as("ids that browsers read").isEqualTo(ledger.keySet());
        for (var delivery : ledger.values()) {
            var device = deviceOf(delivery);
            assertThat(taken.get(delivery.id()))
                    .as("what was taken of delivery %s", delivery.id())
                    .allMatch(receipt -> receipt.subscription().equals(device), "came to its own device");
        }
        assertThat(world.push.faults()).as("what senders did wrong").isEmpty();
        return this;
    }

    /**
     * What was on its way when a process died, and only that, was sent again and is on record for it; the browser can
     * tell each repetition by its id, Topic and tag.
     *
     * @param ambiguous deliveries that were on their way
     */
    public Oracle onlyTheseWereSentAgain(Set<String> ambiguous) {
        assertThat(sentAgainAfterACrash())
                .as("deliveries whose retryReason is crash")
                .isEqualTo(new TreeSet<>(ambiguous));
        for (var entry : taken.entrySet()) {
            var receipts = entry.getValue();
            if (receipts.size() > 1) {
                assertThat(entry.getKey())
                        .as(
                                "delivery that was taken %d times, again because of %s",
                                receipts.size(), ledger.get(entry.getKey()).retryReason())
                        .isIn(ambiguous);
                assertThat(receipts).as("taken of %s", entry.getKey()).hasSize(2);
                assertThat(receipts.stream().map(receipt -> receipt.headers().get("topic")))
                        .as("Topic of the repetition of %s", entry.getKey())
                        .doesNotContainNull()
                        .containsOnly(receipts.getFirst().headers().get("topic"));
                assertThat(receipts.stream()
                                .map(receipt -> notification(receipt).getString("tag")))
                        .as("tag of the repetition of %s", entry.getKey())
                        .doesNotContainNull()
                        .containsOnly(notification(receipts.getFirst()).getString("tag"));
            }
        }
        return this;
    }

    private String deviceOf(Delivery delivery) {
        return world.devices().get(delivery.subscription()).id();
    }

    /** These devices' deliveries ended like this, and the others' well. */
    public Oracle theseEnded(String state, String reason, Set<String> these) {
        var expected = ledger.values().stream()
                .collect(toMap(
                        Delivery::id,
                        delivery -> these.contains(deviceOf(delivery)) ? state + " " + reason : "accepted accepted"));
        assertThat(ledger.values().stream().filter(delivery -> !(delivery.state() + " " + delivery.reason())
                        .equals(expected.get(delivery.id()))))
                .as("deliveries that ended otherwise")
                .isEmpty();
        assertThat(taken.values().stream()
                        .flatMap(List::stream)
                        .map(Receipt::subscription)
                        .filter(these::contains))
                .as("devices that were reached all the same")
                .isEmpty();
        assertThat(ledger).as("deliveries").hasSize(world.devices().size());
        return this;
    }

    /** What reached a browser is accepted, and nothing else is: everything else was skipped for this reason. */
    public Oracle theRestWasSkipped(String reason) {
        assertThat(taken.keySet().stream().filter(id -> !ledger.containsKey(id)))
                .as("ids that browsers read and the ledger does not know")
                .isEmpty();
        assertThat(ledger.values().stream().filter(delivery -> !(delivery.state() + " " + delivery.reason())
                        .equals(taken.containsKey(delivery.id()) ? "accepted accepted" : "skipped " + reason)))
                .as("deliveries whose state does not say what became of them")
                .isEmpty();
        return this;
    }

    /** What the ledger says was sent again because a sender died. */
    public Set<String> sentAgainAfterACrash() {
        var ids = new TreeSet<String>();
        ledger.values().stream()
                .filter(delivery -> CRASH.equals(delivery.retryReason()))
                .forEach(delivery -> ids.add(delivery.id()));
        return ids;
    }

    /** What {@code GET /webpush/messages/{id}} counts is what the ledger holds. */
    public Oracle countersEqualTheLedger() {
        var counts = new HashMap<String, Object>();
        status.getJsonObject("counts").forEach(count -> counts.put(count.getKey(), count.getValue()));
        var reasons = new HashMap<String, Object>();
        status.getJsonObject("reasons").forEach(reason -> reasons.put(reason.getKey(), reason.getValue()));
        var states = ledger.values().stream().collect(groupingBy(Delivery::state));
        var expected =
                new HashMap<String, Object>(Map.of("planned", world.crowd().people()));
        for (var state : List.of("waiting", "accepted", "failed", "skipped", "shown", "clicked", "closed")) {
            expected.put(state, states.getOrDefault(state, List.of()).size());
        }
        assertThat(counts).isEqualTo(expected);
        var expectedReasons = new HashMap<String, Object>();
        ledger.values().forEach(delivery -> expectedReasons.merge(delivery.reason(), 1, (a, b) -> (int) a + (int) b));
        assertThat(reasons).isEqualTo(expectedReasons);
        return this;
    }

    /** How many deliveries reached their browser more than once. */
    public long duplicates() {
        return taken.values().stream().filter(receipts -> receipts.size() > 1).count();
    }

    private static JsonObject notification(Receipt receipt) {
        return receipt.json().getJsonObject("notification");
    }
}
