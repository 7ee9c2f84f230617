package app.fathi.platform.jobs;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.JobsViewStore.DeadFilter;
import app.fathi.platform.jobs.JobsViewStore.Filter;
import app.fathi.platform.jobs.JobsViewStore.Group;
import app.fathi.platform.jobs.JobsViewStore.View;
import app.fathi.platform.security.Authorities;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Answers the operations over a workspace's jobs. A payload is shown only as its type describes it: it may hold what not
 * everybody may see.
 */
public final class JobsOperations {
    /** Without it somebody sees the jobs of integrations alone. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final String ANY = "jobs:any";

    private static final Set<String> OVER = Set.of("done", "cancelled", "dead");
    private static final int REDRIVE_LIMIT = 10_000;

    private final Transactions transactions;
    private final Jobs jobs;
    private final Map<String, JobHandler> types;
    private final Authorities authorities;
    private final Audit audit;
    private final Cursor cursor;
    private final JobCounts counts = new JobCounts(System::nanoTime);

    /** @param handlers of all types, whether this node does them or not */
    public JobsOperations(
            Transactions transactions,
            Jobs jobs,
            List<JobHandler> handlers,
            Authorities authorities,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.jobs = jobs;
        this.types = handlers.stream().collect(Collectors.toUnmodifiableMap(JobHandler::type, Function.identity()));
        this.authorities = authorities;
        this.audit = audit;
        this.cursor = cursor;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "listJobs", this::listJobs,
                "getJob", this::getJob,
                "cancelJob", this::cancelJob,
                "redriveJobs", this::redriveJobs);
    }

    private Future<Reply> listJobs(Call call) {
        var parameters = call.parameters();
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        var olderThan = duration(parameters.getString("olderThan"));
        var client = transactions.pool();
        return visible(call).compose(visible -> {
            var filter = new Filter(
                    visible, parameters.getString("state"), parameters.getString("type"), lane(parameters), olderThan);
            return JobsViewStore.page(client, call.ws(), filter, before, Cursor.limit(call) + 1)
                    .compose(page -> counts.of(
                                    call.ws(), visible, () -> JobsViewStore.counts(client, call.ws(), visible))
                            .map(counted -> Reply.ok(cursor.page(call, page, this::json, view -> List.of(view.id()))
                                    .put("counts", counts(counted)))));
        });
    }

    private Future<Reply> getJob(Call call) {
        return visible(call)
                .compose(visible -> find(transactions.pool(), call, visible))
                .map(view -> Reply.ok(json(view)));
    }

    private Future<Reply> cancelJob(Call call) {
        return visible(call)
                .compose(visible -> transactions.run(tx -> find(tx, call, visible)
                        .compose(view -> OVER.contains(view.state())
                                ? Future.succeededFuture(List.<UUID>of())
                                : cancel(tx, call, view))
                        .compose(running -> find(tx, call, visible).map(after -> new Cancelled(after, running)))))
                .map(cancelled -> {
                    if (cancelled.view.state().equals("done")
                            || cancelled.view.state().equals("dead")) {
                        throw ProblemException.conflict(
                                "The job is over (" + cancelled.view.state() + "): there is nothing left to cancel.");
                    }
                    jobs.tellCancelled(cancelled.running);
                    jobs.wake();
                    return Reply.ok(json(cancelled.view));
                });
    }

    private record Cancelled(View view, List<UUID> running) {}

    private Future<List<UUID>> cancel(SqlConnection tx, Call call, View view) {
        var settling = types.values().stream()
                .filter(JobHandler::settles)
                .map(JobHandler::type)
                .toList();
        return jobs.cancel(tx, view.id(), settling).compose(running -> audit.record(
                        tx,
                        call,
                        "job",
                        view.id(),
                        new JsonObject().put("state", view.state()),
                        new JsonObject().put("type", view.type()))
                .map(running));
    }

    private Future<Reply> redriveJobs(Call call) {
        var body = call.json();
        boolean dryRun = body.getBoolean("dryRun", false);
        return visible(call)
                .compose(visible -> {
                    var filter = deadFilter(body.getJsonObject("filter"), visible);
                    return transactions.once(call, tx -> JobsViewStore.groups(tx, call.ws(), filter, REDRIVE_LIMIT)
                            .compose(groups -> json(tx, call.ws(), groups))
                            .compose(preview -> dryRun
                                    ? Future.succeededFuture(preview.put("redriven", 0))
                                    : redrive(tx, call, filter, preview))
                            .map(answer -> Reply.ok(answer.put("dryRun", dryRun))));
                })
                .onSuccess(reply -> jobs.wake());
    }

    private Future<JsonObject> redrive(SqlConnection tx, Call call, DeadFilter filter, JsonObject preview) {
        return JobsViewStore.redrive(tx, call.ws(), filter, REDRIVE_LIMIT).compose(redriven -> audit.record(
                        tx,
                        call,
                        "job",
                        null,
                        null,
                        new JsonObject()
                                .put("filter", call.json().getJsonObject("filter"))
                                .put("redriven", redriven)
                                .put("expired", preview.getLong("expired")))
                .map(done -> preview.put("redriven", redriven)));
    }

    // --- who may see what -----------------------------------------------------------------------------------------

    /** The types that the caller may see; null for all. */
    private Future<List<String>> visible(Call call) {
        return authorities
                .permits(call.caller(), ANY)
                .map(any -> any
                        ? null
                        : types.values().stream()
                                .filter(JobHandler::isIntegration)
                                .map(JobHandler::type)
                                .toList());
    }

    private static Future<View> find(SqlClient client, Call call, List<String> visible) {
        return JobsViewStore.one(client, call.ws(), call.id("id", "job"))
                .map(found -> found.filter(view -> visible == null || visible.contains(view.type()))
                        .orElseThrow(() -> ProblemException.notFound("job")));
    }

    // --- questions ------------------------------------------------------------------------------------------------

    private static Lane lane(JsonObject json) {
        var word = json.getString("lane");
        return word == null ? null : Lane.valueOf(word.toUpperCase(Locale.ROOT));
    }

    /** No job is as old as the longest of all; whatever is longer than that would only overflow. */
    private static Duration duration(String text) {
        try {
            var duration = text == null ? null : Duration.parse(text);
            return duration == null || duration.compareTo(LONGEST) < 0 ? duration : LONGEST;
        } catch (DateTimeException e) {
            throw ProblemException.invalid("olderThan", "A duration is written as in ISO 8601, such as PT15M or P2D.");
        }
    }

    private static DeadFilter deadFilter(JsonObject filter, List<String> visible) {
        return new DeadFilter(
                visible,
                texts(filter, "types"),
                lane(filter),
                ids(filter),
                time(filter, "diedAfter"),
                time(filter, "diedBefore"));
    }

    private static List<String> texts(JsonObject filter, String name) {
        return Optional.ofNullable(filter.getJsonArray(name))
                .map(array -> array.stream().map(String.class::cast).toList())
                .orElse(null);
    }

    private static List<UUID> ids(JsonObject filter) {
        var texts = texts(filter, "ids");
        if (texts == null) {
            return null;
        }
        var ids = new ArrayList<UUID>();
        for (int i = 0; i < texts.size(); i++) {
            try {
                ids.add(UUID.fromString(texts.get(i)));
            } catch (IllegalArgumentException e) {
                throw ProblemException.invalid("/filter/ids/" + i, "This is not a UUID.");
            }
        }
        return ids;
    }

    private static OffsetDateTime time(JsonObject filter, String name) {
        return Rfc3339.at("/filter/" + name, filter.getString(name));
    }

    // --- answers --------------------------------------------------------------------------------------------------

    private JsonObject json(View view) {
        var handler = types.get(view.type());
        var children = view.children();
        var progress = view.progress();
        return new JsonObject()
                .put("id", view.id().toString())
                .put("type", view.type())
                .put("lane", view.lane().word())
                .put("state", view.state())
                .put("attempts", view.attempts())
                .put("reason", view.reason())
                .put("about", handler == null ? new JsonObject() : handler.describe(view.payload()))
                .put("parentId", view.parent() == null ? null : view.parent().toString())
                .put(
                        "children",
                        children.total() == 0
                                ? null
                                : new JsonObject()
                                        .put("total", children.total())
                                        .put("done", children.done())
                                        .put("failed", children.failed())
                                        .put("cancelled", children.cancelled()))
                .put(
                        "progress",
                        progress == null
                                ? null
                                : new JsonObject()
                                        .put("done", progress.done())
                                        .put("total", progress.total())
                                        .put("note", progress.note()))
                .put("requestId", view.requestId())
                .put("createdAt", text(view.createdAt()))
                .put("dueAt", text(view.dueAt()))
                .put("deadline", text(view.deadline()))
                .put("finishedAt", text(view.finishedAt()));
    }

    private static JsonArray counts(List<JobsViewStore.Count> counts) {
        var array = new JsonArray();
        counts.forEach(count -> array.add(new JsonObject()
                .put("lane", count.lane().word())
                .put("state", count.state())
                .put("jobs", count.jobs())
                .put("oldestAt", text(count.oldestAt()))));
        return array;
    }

    /** The preview: how many of which type, how old, and to whom as far as the type can tell. */
    private Future<JsonObject> json(SqlClient client, int ws, List<Group> groups) {
        var items = new JsonArray();
        Future<Void> chain = Future.succeededFuture();
        for (var group : groups) {
            chain = chain.compose(done -> recipients(client, ws, group)).map(recipients -> {
                items.add(new JsonObject()
                        .put("type", group.type())
                        .put("jobs", group.jobs())
                        .put("expired", group.expired())
                        .put("recipients", recipients)
                        .put("oldestAt", text(group.oldestAt()))
                        .put("newestAt", text(group.newestAt())));
                return null;
            });
        }
        return chain.map(done -> new JsonObject()
                .put("matched", groups.stream().mapToLong(Group::jobs).sum())
                .put("expired", groups.stream().mapToLong(Group::expired).sum())
                .put("groups", items));
    }

    private Future<Long> recipients(SqlClient client, int ws, Group group) {
        var handler = types.get(group.type());
        return handler == null || group.payloads().isEmpty()
                ? Future.succeededFuture()
                : handler.recipients(client, ws, group.payloads());
    }

    private static String text(OffsetDateTime time) {
        return time == null ? null : time.toInstant().toString();
    }
}
