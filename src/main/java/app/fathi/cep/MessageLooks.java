package app.fathi.cep;

import app.fathi.cdp.Profiles;
import app.fathi.cep.audiences.Expansion;
import app.fathi.cep.audiences.ExpansionsStore;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.message.Delivery;
import app.fathi.cep.message.Looked;
import app.fathi.cep.message.MessageFilter;
import app.fathi.cep.message.MessageStatus;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunCountsStore;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** What became of messages, as their counts, the ledger and their audience say together. */
final class MessageLooks {
    /** Rows that one page of a filtered list looks at: a few milliseconds, whatever is asked for. */
    static final int LOOK = 5_000;

    private static final Instant END_OF_TIME = Instant.parse("9999-12-31T00:00:00Z");

    private final Profiles profiles;

    MessageLooks(Profiles profiles) {
        this.profiles = profiles;
    }

    /** State and counts; fails with {@code not_found}. */
    Future<MessageStatus> status(SqlClient client, int ws, UUID id) {
        return RunsStore.runById(client, ws, id).map(MessageLooks::found).compose(run -> RunCountsStore.sums(
                        client, run.run())
                .compose(sums -> ExpansionsStore.find(client, run.run())
                        .map(expansion -> status(run, sums, expansion.orElse(null)))));
    }

    /**
     * Messages, the newest first. Of those with a filter that has no index so many are looked at as {@link #LOOK}.
     *
     * @param after where the page before ended
     */
    Future<Looked<MessageStatus>> list(
            SqlClient client, int ws, MessageFilter filter, Optional<Cursor.Position> after, int limit) {
        var before = after.map(p -> p.time(0).toInstant()).orElse(filter.to() == null ? END_OF_TIME : filter.to());
        long beforeRun = after.map(p -> p.number(1)).orElse(filter.to() == null ? Long.MAX_VALUE : Long.MIN_VALUE);
        return RunsStore.page(client, ws, filter, before, beforeRun, LOOK, limit + 1)
                .compose(listed -> {
                    var runs = listed.stream()
                            .map(RunsStore.Listed::run)
                            .filter(Objects::nonNull)
                            .toList();
                    var shown = runs.subList(0, Math.min(limit, runs.size()));
                    List<?> next = null;
                    if (runs.size() > limit) {
                        next = List.of(
                                shown.getLast().createdAt(), shown.getLast().run());
                    } else if (!listed.isEmpty() && listed.getFirst().looked() == LOOK) {
                        next = List.of(
                                listed.getFirst().lastCreatedAt(),
                                listed.getFirst().lastRun());
                    }
                    var rest = next;
                    return RunCountsStore.sums(client, shown).compose(sums -> ExpansionsStore.of(
                                    client, shown.stream().map(Run::run).toList())
                            .map(expansions -> new Looked<>(
                                    shown.stream()
                                            .map(run -> status(
                                                    run,
                                                    sums.getOrDefault(run.run(), RunCountsStore.Delta.NONE),
                                                    expansions.get(run.run())))
                                            .toList(),
                                    rest)));
                });
    }

    /**
     * Deliveries of a message by person and rank; people whose turn has not come have none yet. With a filter so many are
     * looked at as {@link #LOOK}.
     *
     * @param state only those in this state; null for all
     * @param reason only those with this reason; null for all
     * @param after where the page before ended
     */
    Future<Looked<Delivery>> deliveries(
            SqlClient client, int ws, UUID id, State state, Reason reason, Optional<Cursor.Position> after, int limit) {
        var place = after.map(p -> new LedgerStore.Place((int) p.number(0), (int) p.number(1)))
                .orElse(new LedgerStore.Place(Integer.MIN_VALUE, 0));
        return RunsStore.runById(client, ws, id)
                .map(MessageLooks::found)
                .compose(run -> state == null && reason == null
                        ? LedgerStore.deliveries(client, run.run(), place, limit + 1)
                                .map(rows -> page(rows, limit, null))
                        : LedgerStore.deliveries(client, run.run(), state, reason, place, LOOK, limit + 1)
                                .map(rows -> filtered(rows, limit)))
                .compose(page -> withProfiles(client, ws, page.items()).map(items -> new Looked<>(items, page.next())));
    }

    private static Looked<Delivery> filtered(List<LedgerStore.Listed> rows, int limit) {
        var found = rows.stream()
                .map(LedgerStore.Listed::delivery)
                .filter(Objects::nonNull)
                .toList();
        var last = rows.isEmpty() || rows.getFirst().looked() < LOOK
                ? null
                : rows.getFirst().last();
        return page(found, limit, last == null ? null : List.of(last.profileNo(), last.rank()));
    }

    /** @param rest where to go on when all of these fit on the page; null for nowhere */
    private static Looked<Delivery> page(List<Delivery> rows, int limit, List<?> rest) {
        return rows.size() > limit
                ? new Looked<>(rows.subList(0, limit), rows.get(limit - 1).position())
                : new Looked<>(rows, rest);
    }

    private Future<List<Delivery>> withProfiles(SqlClient client, int ws, List<Delivery> deliveries) {
        var people = new HashSet<Integer>();
        deliveries.forEach(delivery -> people.add(delivery.profileNo()));
        return people.isEmpty()
                ? Future.succeededFuture(deliveries)
                : profiles.views(client, ws, people).map(views -> deliveries.stream()
                        .map(delivery -> {
                            var view = views.get(delivery.profileNo());
                            return view == null ? delivery : delivery.of(view.id());
                        })
                        .toList());
    }

    static Run found(Optional<Run> run) {
        return run.orElseThrow(() -> ProblemException.notFound("message"));
    }

    /**
     * @param run read before the sums, so that what is completed is counted
     * @param expansion read after the sums, so that nobody is counted who is not planned; null where people were named
     */
    private static MessageStatus status(Run run, RunCountsStore.Delta sums, Expansion expansion) {
        int planned = expansion == null ? run.planned() : expansion.planned();
        var reasons = new LinkedHashMap<String, Long>();
        var byState = new LinkedHashMap<State, Long>();
        long ended = 0;
        for (var entry : sums.reasons().entrySet()) {
            var state = entry.getKey().finalState();
            if (state != null) {
                reasons.put(entry.getKey().word(), entry.getValue().longValue());
                byState.merge(state, entry.getValue().longValue(), Long::sum);
                ended += entry.getValue();
            }
        }
        var counts = new LinkedHashMap<String, Long>();
        counts.put("planned", (long) planned);
        counts.put("waiting", planned + sums.furtherDevices() - ended);
        for (var state : List.of(State.ACCEPTED, State.FAILED, State.SKIPPED)) {
            counts.put(state.word(), byState.getOrDefault(state, 0L));
        }
        for (var interaction : List.of(Reason.SHOWN, Reason.CLICKED, Reason.CLOSED)) {
            counts.put(interaction.word(), (long) sums.reasons().getOrDefault(interaction, 0));
        }
        return new MessageStatus(
                run.id(),
                run.state().word(),
                run.source(),
                run.resendOf(),
                run.purpose(),
                run.createdAt(),
                run.expiresAt(),
                run.pin(),
                run.plan(),
                run.pausedAt(),
                expansion == null ? null : expansion.toJson(),
                counts,
                reasons);
    }
}
