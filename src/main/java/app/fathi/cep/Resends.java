package app.fathi.cep;

import app.fathi.cep.audiences.Frozen;
import app.fathi.cep.audiences.NamedPeople;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Resend;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.Taken;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunksStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;

/** What did not arrive, sent again. */
final class Resends {
    /** Deliveries that are sent again at once. */
    private static final int RESEND_LIMIT = 100_000;

    private final Messages messages;
    private final NamedPeople named;

    Resends(Messages messages, NamedPeople named) {
        this.messages = messages;
        this.named = named;
    }

    /**
     * Sends a message once more to whom it did not reach: never to an address that its push service has taken it for. The
     * new message names this one. Fails with {@code conflict} while this one is under way, when it was sent again before,
     * when nothing of it failed or was skipped, and when its time is over and no new one is given.
     */
    Future<Taken> resend(SqlConnection tx, int ws, UUID id, Resend wanted) {
        return RunsStore.runByIdForUpdate(tx, ws, id)
                .map(MessageLooks::found)
                .compose(run -> RunsStore.rest(tx, run.run(), id).compose(rest -> {
                    requireOver(run, rest);
                    return RunsStore.nextNumber(tx).compose(number -> {
                        var request = again(run, wanted, number.now());
                        MessageTimes.check(request, number.now());
                        return ChunksStore.personal(tx, run.run()).compose(chunks -> missed(tx, run, chunks, wanted)
                                .compose(people -> {
                                    var audience = new Frozen(people, List.of());
                                    if (wanted.dryRun()) {
                                        return named.count(tx, ws, audience);
                                    }
                                    if (people.isEmpty()) {
                                        throw ProblemException.conflict(
                                                "There is nothing to send again: no such delivery failed or was skipped.");
                                    }
                                    return messages.write(tx, ws, request, number, audience, own(chunks, people));
                                }));
                    });
                }));
    }

    private static void requireOver(Run run, RunsStore.Rest rest) {
        if (rest.chunksLeft() > 0) {
            throw ProblemException.conflict(
                    "The message is still being sent: what fails may yet succeed. Wait for its end, or cancel it.");
        }
        if (rest.resentAs() != null) {
            throw ProblemException.conflict(
                    "The message was sent again as " + rest.resentAs() + ": resend what failed of that one.");
        }
    }

    /** The same message, for as long as it made sense, unless somebody says for how long it does. */
    private static MessageRequest again(Run run, Resend wanted, Instant now) {
        int ttl = wanted.ttlSeconds() == null ? run.ttlSeconds() : wanted.ttlSeconds();
        var expiresAt = wanted.expiresAt();
        if (wanted.ttlSeconds() == null && expiresAt == null) {
            expiresAt = run.expiresAt();
            if (!expiresAt.isAfter(now)) {
                throw ProblemException.conflict("The message made sense until " + expiresAt
                        + ". Name a ttl, or expiresAt, to send it all the same.");
            }
        }
        return new MessageRequest(
                new Audience.Profiles(List.of()),
                run.content(),
                run.purpose(),
                ttl,
                run.urgency(),
                run.topic(),
                null,
                expiresAt,
                run.devices(),
                run.perMinute(),
                run.tracking(),
                wanted.dryRun(),
                Source.RESEND,
                run.id(),
                run.tag(),
                null,
                run.pin(),
                Plan.NONE.of(run.plan().campaign()));
    }

    /** Whom it did not reach, with the addresses where these are known; where a message named addresses, only those. */
    private Future<TreeMap<Integer, List<UUID>>> missed(SqlConnection tx, Run run, List<Chunk> chunks, Resend wanted) {
        var named = chunks.stream()
                .map(Chunk::subscriptions)
                .filter(Objects::nonNull)
                .flatMap(List::stream)
                .toList();
        return LedgerStore.missed(tx, run.run(), wanted, RESEND_LIMIT + 1).compose(rows -> {
            if (rows.size() > RESEND_LIMIT) {
                throw ProblemException.unprocessable(
                        "/reasons",
                        "At most " + RESEND_LIMIT + " deliveries are sent again at once. Name fewer reasons.");
            }
            return messages.channel().owners(tx, run.ws(), named).map(owners -> {
                var ofPerson = new HashMap<Integer, List<UUID>>();
                owners.forEach((subscription, profileNo) -> ofPerson.computeIfAbsent(profileNo, no -> new ArrayList<>())
                        .add(subscription));
                var people = new TreeMap<Integer, List<UUID>>();
                for (var row : rows) {
                    if (row.subscription() != null) {
                        people.computeIfAbsent(row.profileNo(), no -> new ArrayList<>())
                                .add(row.subscription());
                    } else if (named.isEmpty()) {
                        people.put(row.profileNo(), null);
                    } else if (ofPerson.containsKey(row.profileNo())) {
                        people.put(row.profileNo(), ofPerson.get(row.profileNo()));
                    }
                }
                return people;
            });
        });
    }

    /** What these people got of their own. */
    private static Map<Integer, JsonObject> own(List<Chunk> chunks, TreeMap<Integer, List<UUID>> people) {
        var own = new HashMap<Integer, JsonObject>();
        chunks.forEach(chunk -> own.putAll(chunk.items()));
        own.keySet().retainAll(people.keySet());
        return own;
    }
}
