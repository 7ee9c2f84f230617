package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Approval;
import app.fathi.cep.Series;
import app.fathi.cep.message.Audience;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.Audiences;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * How people are entered into a triggered campaign, by the API and by other domains. Who is entered gets its message, with what the
 * entry gives them, as surely as any other: entry, message and jobs are rows of the caller's transaction. Entries wait for each other
 * only where they are of the same key or the same person, never for the campaign's row; senders look whether it rests or was cancelled.
 */
public final class Entries {
    /** Between one entry and the next where nobody says how long. */
    private static final Duration NONE = Duration.ZERO;

    private final CampaignsStore campaigns = new CampaignsStore();
    private final EntriesStore store = new EntriesStore();
    private final Series series;
    private final Audiences audiences;

    Entries(Series series, Audiences audiences) {
        this.series = series;
        this.audiences = audiences;
    }

    /** What became of it. */
    public sealed interface Outcome {}

    /** @param why nobody is entered now, for people */
    public record Refused(String why) implements Outcome {}

    /**
     * @param message that those who were entered get; null where there are none, and in a dry run
     * @param before an earlier call with this key has entered people: nothing was done now
     * @param left who of the people was not entered, and why
     */
    public record Entered(UUID message, boolean before, Map<Integer, Left> left) implements Outcome {}

    public enum Why {
        NOT_IN_AUDIENCE,
        /** They were entered so lately that it is too soon. */
        COOLDOWN,
        /** What they were to get does not fit the template. */
        INVALID
    }

    /** @param faults of what is {@link Why#INVALID}, which point to {@code /data} */
    public record Left(Why why, List<Fault> faults) {
        private static Left because(Why why) {
            return new Left(why, List.of());
        }
    }

    /**
     * Enters people, once for each key: of two calls with the same one, also at the same time and on two nodes, one does it. A key of
     * which nobody was entered is free again. Who enters into several campaigns in one transaction does so in the order of their ids.
     *
     * @param key a word of the caller's, of any length; it counts for as long as the entry is kept, as messages are
     * @param data by person what the message may name as {@code data}, or its template as variables; at most some thousands
     */
    public Future<Outcome> enter(SqlConnection tx, int ws, UUID campaign, String key, Map<Integer, JsonObject> data) {
        return standing(tx, ws, campaign).compose(standing -> enter(tx, ws, standing, key, data));
    }

    Future<Outcome> enter(SqlConnection tx, int ws, Standing standing, String key, Map<Integer, JsonObject> data) {
        return look(tx, ws, standing, data)
                .compose(seen -> seen instanceof Seen ready
                        ? enter(tx, ws, key, ready)
                        : Future.succeededFuture(((Not) seen).outcome));
    }

    /** What {@link #enter} would do now; nothing is written. */
    Future<Outcome> dryRun(SqlConnection tx, int ws, Standing standing, Map<Integer, JsonObject> data) {
        return look(tx, ws, standing, data).compose(seen -> {
            if (!(seen instanceof Seen ready)) {
                return Future.succeededFuture(((Not) seen).outcome);
            }
            return store.resting(tx, ws, ready.campaign.id(), ready.people.keySet(), cooldown(ready.campaign))
                    .map(resting -> {
                        resting.forEach(no -> ready.left.put(no, Left.because(Why.COOLDOWN)));
                        return new Entered(null, false, ready.left);
                    });
        });
    }

    /** A campaign as it stands, by which it is decided whether anybody is entered. */
    record Standing(Optional<Campaign> campaign, CampaignsStore.Workspace workspace, Instant now) {}

    /** Asked in one go, also with what the caller asks on the same connection. */
    Future<Standing> standing(SqlConnection tx, int ws, UUID id) {
        var found = campaigns.find(tx, ws, id);
        var workspace = campaigns.workspace(tx, ws);
        var now = campaigns.now(tx);
        return Future.all(found, workspace, now)
                .map(all -> new Standing(found.result(), workspace.result(), now.result()));
    }

    // --- looking ----------------------------------------------------------------------------------------------------

    private sealed interface Looked {}

    /** Nobody is entered. */
    private record Not(Outcome outcome) implements Looked {}

    /**
     * @param people who may be entered, as far as that is known without writing
     * @param left the others
     */
    private record Seen(
            Campaign campaign, Series.Draft draft, TreeMap<Integer, JsonObject> people, Map<Integer, Left> left)
            implements Looked {}

    private Future<Looked> look(SqlConnection tx, int ws, Standing standing, Map<Integer, JsonObject> data) {
        var why = standing.campaign.isEmpty()
                ? "There is no such campaign."
                : refusal(standing.campaign.get(), standing.workspace, standing.now);
        return why != null
                ? Future.succeededFuture(new Not(new Refused(why)))
                : look(tx, ws, standing.campaign.get(), standing.now, data)
                        .recover(failure -> failure instanceof ProblemException told
                                        && told.problem().kind() == Kind.UNPROCESSABLE
                                ? Future.succeededFuture(
                                        new Not(new Refused("Nothing of the campaign can be sent as it is: "
                                                + told.problem().faults().stream()
                                                        .findFirst()
                                                        .map(Fault::detail)
                                                        .orElse(told.problem().detail()))))
                                : Future.failedFuture(failure));
    }

    /** Null for nothing. */
    private static String refusal(Campaign campaign, CampaignsStore.Workspace workspace, Instant now) {
        if (!(campaign.body().schedule() instanceof Schedule.Triggered triggered)) {
            return "The campaign goes out at times of its own: only into a triggered one people are entered.";
        }
        var life = campaign.life();
        if (!life.takesEntries()) {
            return "The campaign is " + life.status().word().replace('_', ' ') + ": "
                    + switch (life.status()) {
                        case PAUSED -> "nobody is entered until it is resumed.";
                        case COMPLETED, CANCELLED, FAILED, ARCHIVED ->
                            "nobody is entered any more. Make a copy and launch that.";
                        default -> "nobody is entered until it is launched.";
                    };
        }
        if (triggered.isOver(now)) {
            return "The campaign has ended at " + triggered.until() + ": nobody is entered any more.";
        }
        return life.approval() != Approval.INDEPENDENT && FourEyes.areNeeded(workspace, campaign, null)
                ? "By now somebody has to approve the campaign who neither made it nor changed it last: pause it, have it approved, and resume it."
                : null;
    }

    private Future<Looked> look(
            SqlConnection tx, int ws, Campaign campaign, Instant now, Map<Integer, JsonObject> data) {
        var body = campaign.body();
        var left = new HashMap<Integer, Left>();
        var people = new TreeMap<>(data);
        return meant(tx, ws, campaign, List.copyOf(people.keySet()))
                .compose(meant -> {
                    leave(people, left, no -> meant.contains(no) ? null : Left.because(Why.NOT_IN_AUDIENCE));
                    var request = body.request(
                            campaign.id(),
                            new Audience.Profiles(List.of()),
                            campaign.templateVersion(),
                            body.schedule().cutoff(now));
                    return series.draft(tx, ws, request, people);
                })
                .map(draft -> {
                    leave(people, left, no -> {
                        var faults = draft.faults().get(no);
                        return faults == null ? null : new Left(Why.INVALID, faults);
                    });
                    return people.isEmpty()
                            ? new Not(new Entered(null, false, left))
                            : new Seen(campaign, draft, people, left);
                });
    }

    private interface Reason {
        /** Null for none. */
        Left of(int profileNo);
    }

    private static void leave(Map<Integer, JsonObject> people, Map<Integer, Left> left, Reason reason) {
        for (var no : List.copyOf(people.keySet())) {
            var why = reason.of(no);
            if (why != null) {
                people.remove(no);
                left.put(no, why);
            }
        }
    }

    private Future<Set<Integer>> meant(SqlConnection tx, int ws, Campaign campaign, List<Integer> people) {
        var audience = campaign.body().audience();
        return audience.narrows() && !people.isEmpty()
                ? audiences.among(tx, ws, audience.meant(), people)
                : Future.succeededFuture(Set.copyOf(people));
    }

    // --- entering ---------------------------------------------------------------------------------------------------

    private Future<Outcome> enter(SqlConnection tx, int ws, String key, Seen seen) {
        var campaign = seen.campaign.id();
        var message = UuidCreator.getTimeOrderedEpoch();
        // Asked in one go.
        var claimed = store.claim(tx, ws, campaign, message, key);
        var place = series.place(tx);
        return Future.all(claimed, place)
                .compose(both -> claimed.result()
                        ? admitted(tx, ws, seen, message).compose(admitted -> {
                            leave(
                                    seen.people,
                                    seen.left,
                                    no -> admitted.contains(no) ? null : Left.because(Why.COOLDOWN));
                            return seen.people.isEmpty()
                                    ? store.release(tx, ws, campaign, message).map(new Entered(null, false, seen.left))
                                    : series.send(tx, ws, message, place.result(), seen.draft, seen.people)
                                            .map(new Entered(message, false, seen.left));
                        })
                        : store.byKey(tx, ws, campaign, key)
                                .map(before -> new Entered(before.orElse(null), true, Map.of())));
    }

    /** Who was entered when is remembered only where somebody asks for it: between two entries, or after a conversion. */
    private Future<Set<Integer>> admitted(SqlConnection tx, int ws, Seen seen, UUID message) {
        var cooldown = cooldown(seen.campaign);
        return cooldown.isZero() && seen.campaign.body().goal() == null
                ? Future.succeededFuture(Set.copyOf(seen.people.keySet()))
                : store.enter(tx, ws, seen.campaign.id(), seen.people.keySet(), message, cooldown);
    }

    private static Duration cooldown(Campaign campaign) {
        var minutes = ((Schedule.Triggered) campaign.body().schedule()).cooldownMinutes();
        return minutes == null ? NONE : Duration.ofMinutes(minutes);
    }
}
