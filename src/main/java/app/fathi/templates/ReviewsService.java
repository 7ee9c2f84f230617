package app.fathi.templates;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.templates.Template.Status;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Set;

/**
 * How what a template says becomes what is sent: <code>draft → in_review → active → archived</code>. Where the workspace asks for
 * four eyes, nobody approves what they wrote.
 */
final class ReviewsService {
    private final Transactions transactions;
    private final TemplatesStore store = new TemplatesStore();
    private final VersionsStore versions = new VersionsStore();
    private final Audit audit;

    ReviewsService(Transactions transactions, Audit audit) {
        this.transactions = transactions;
        this.audit = audit;
    }

    /** Where a template goes, and what has to hold before. */
    private interface Turn {
        Future<Template> of(SqlConnection tx, Template template);
    }

    Future<Reply> submit(Call call) {
        return turn(
                call,
                Set.of(Status.DRAFT),
                (tx, template) ->
                        store.turn(tx, call.ws(), template.id(), Status.IN_REVIEW, template.activeVersion(), ""));
    }

    Future<Reply> approve(Call call) {
        return turn(call, Set.of(Status.IN_REVIEW), (tx, template) -> {
            long version = template.edits().version();
            return requireOtherEyes(tx, call, template)
                    .compose(done -> versions.approve(
                            tx, call.ws(), template.id(), version, call.caller().id()))
                    .compose(done -> store.turn(tx, call.ws(), template.id(), Status.ACTIVE, version, ""));
        });
    }

    private Future<Void> requireOtherEyes(SqlConnection tx, Call call, Template template) {
        var caller = call.caller();
        return store.workspace(tx, call.ws()).compose(workspace -> {
            if (!workspace.fourEyes()) {
                return Future.succeededFuture();
            }
            if (caller.kind() != Caller.Kind.USER) {
                throw ProblemException.forbidden(
                        "This workspace asks for four eyes: a person approves, not a key. Sign in.");
            }
            long since = template.activeVersion() == null ? 0 : template.activeVersion();
            return store.wrote(tx, call.ws(), template.id(), since, caller.id()).map(wrote -> {
                if (wrote) {
                    throw ProblemException.forbidden(
                            "This workspace asks for four eyes: somebody who neither made nor changed this approves it.");
                }
                return null;
            });
        });
    }

    /** Back to who wrote it. */
    Future<Reply> reject(Call call) {
        return turn(
                call,
                Set.of(Status.IN_REVIEW),
                (tx, template) -> store.turn(
                        tx,
                        call.ws(),
                        template.id(),
                        Status.DRAFT,
                        template.activeVersion(),
                        call.json().getString("comment")));
    }

    /** Nothing is sent with it any more; what was taken before still is. */
    Future<Reply> archive(Call call) {
        return turn(
                call,
                Set.of(Status.DRAFT, Status.IN_REVIEW, Status.ACTIVE),
                (tx, template) -> TemplatesService.requireNoCampaign(store, tx, call.ws(), template.id())
                        .compose(free ->
                                store.turn(tx, call.ws(), template.id(), Status.ARCHIVED, null, template.comment())));
    }

    private Future<Reply> turn(Call call, Set<Status> from, Turn turn) {
        var version = call.ifMatch();
        var id = call.id("id", "template");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = Template.current(found, version);
                    if (!from.contains(before.status())) {
                        throw ProblemException.conflict(
                                "The template is " + before.status().word() + ": this cannot be done with it.");
                    }
                    return turn.of(tx, before)
                            .compose(after -> audit.record(tx, call, "template", id, state(before), state(after))
                                    .map(after));
                }))
                .map(TemplatesService::shown);
    }

    private static JsonObject state(Template template) {
        return new JsonObject()
                .put("status", template.status().word())
                .put("activeVersion", template.activeVersion())
                .put("comment", template.comment())
                .put("version", template.edits().version());
    }
}
