package app.fathi.campaigns;

import app.fathi.campaigns.RunsStore.Run;
import app.fathi.cep.Series;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Campaigns as they go out, to who watches them: each listener looks once a second, so their number is bounded. One of a node. */
final class Progress {
    private static final int LISTENERS = 10;
    private static final int RETRY_SECONDS = 5;
    private static final long LOOK_MILLIS = 1_000;

    private final Vertx vertx;
    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final RunsStore runs = new RunsStore();
    private final EntriesStore entries = new EntriesStore();
    private final Series series;
    private final Map<Integer, Integer> listeners = new ConcurrentHashMap<>();

    Progress(Vertx vertx, Transactions transactions, Series series) {
        this.vertx = vertx;
        this.series = series;
        this.transactions = transactions;
    }

    Reply listen(int ws, UUID campaign, int seconds) {
        listeners.compute(ws, (no, count) -> {
            int now = count == null ? 0 : count;
            if (now >= LISTENERS) {
                throw new ProblemException(Problem.retryLater(
                        Kind.RATE_LIMITED,
                        "As many listen in this workspace as may: close another stream first.",
                        RETRY_SECONDS));
            }
            return now + 1;
        });
        var watching = new Watching(ws, campaign);
        return Reply.live(new Reply.Live(watching::next, watching::end, seconds));
    }

    private final class Watching {
        private final int ws;
        private final UUID campaign;
        private JsonObject last;
        private boolean over;

        Watching(int ws, UUID campaign) {
            this.ws = ws;
            this.campaign = campaign;
        }

        /** What is another than what was told last, waiting until there is something. */
        Future<List<Reply.Event>> next() {
            return look().compose(seen -> {
                if (over || !seen.equals(last)) {
                    last = seen;
                    return Future.succeededFuture(List.of(new Reply.Event(null, "progress", seen)));
                }
                return vertx.timer(LOOK_MILLIS, TimeUnit.MILLISECONDS).compose(done -> next());
            });
        }

        private Future<JsonObject> look() {
            var client = transactions.pool();
            return store.find(client, ws, campaign).compose(found -> {
                var now = found.orElseThrow(() -> ProblemException.notFound("campaign"));
                var seen = new JsonObject()
                        .put("status", now.life().status().word())
                        .put("comment", now.comment())
                        .put("nextAt", Campaign.text(now.life().next()));
                return now.body().isTriggered()
                        ? look(seen, entries.page(client, ws, campaign, null, 1).map(latest -> latest.stream()
                                        .map(Run::of)
                                        .toList()))
                                .compose(told -> series.count(client, ws, campaign)
                                        .map(counted -> told.put(
                                                "totals",
                                                counted.tally()
                                                        .toJson()
                                                        .put("runs", counted.messages())
                                                        .put(
                                                                "position",
                                                                counted.tally().position()))))
                        : look(seen, runs.page(client, ws, campaign, null, 1));
            });
        }

        private Future<JsonObject> look(JsonObject seen, Future<List<Run>> newest) {
            return newest.compose(latest -> CampaignLooks.tallies(transactions.pool(), ws, latest)
                    .map(tallies ->
                            seen.put("run", latest.isEmpty() ? null : CampaignLooks.told(latest.getFirst(), tallies))));
        }

        void end() {
            if (!over) {
                over = true;
                listeners.computeIfPresent(ws, (no, count) -> count == 1 ? null : count - 1);
            }
        }
    }
}
