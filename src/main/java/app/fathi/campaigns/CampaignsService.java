package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Edited;
import app.fathi.campaigns.CampaignsStore.After;
import app.fathi.campaigns.CampaignsStore.Sort;
import app.fathi.cep.Series;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Tenancy;
import app.fathi.segments.Audiences;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Locale;

/** How campaigns are made and changed. */
final class CampaignsService {
    static final String CAMPAIGNS = "/api/v1/campaigns/";
    private static final int MAX_CAMPAIGNS = 10_000;
    private static final List<Status> DELETABLE = List.of(Status.DRAFT, Status.ARCHIVED);

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final EntriesStore entries = new EntriesStore();
    private final Series series;
    private final Audiences audiences;
    private final Tenancy tenancy;
    private final Authorities authorities;
    private final Audit audit;
    private final Cursor cursor;

    CampaignsService(
            Transactions transactions,
            Series series,
            Audiences audiences,
            Tenancy tenancy,
            Authorities authorities,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.series = series;
        this.audiences = audiences;
        this.tenancy = tenancy;
        this.authorities = authorities;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var parameters = call.parameters();
        var sort = Sort.valueOf(parameters.getString("sort", "created").toUpperCase(Locale.ROOT));
        var after = cursor.position(call)
                .map(at -> new After(
                        at.uuid(0), sort == Sort.UPDATED ? at.time(1) : null, sort == Sort.NAME ? at.text(1) : null))
                .orElse(new After(null, null, null));
        var filter = new CampaignsStore.Filter(
                parameters.getString("status"), parameters.getString("tag"), parameters.getString("q"));
        return store.page(transactions.pool(), call.ws(), sort, after, filter, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Campaign::toLine, sort::position)));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "campaign"))
                .map(found -> shown(found.orElseThrow(() -> ProblemException.notFound("campaign"))));
    }

    static Reply shown(Campaign campaign) {
        return Reply.ok(campaign.toJson(), campaign.edits().version());
    }

    Future<Reply> create(Call call) {
        var draft = Campaign.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        return requireAllowed(call, null, draft)
                .compose(allowed -> transactions.once(call, tx -> insert(tx, call, draft)));
    }

    /** A new draft that says, to whom and when, what another does now. */
    Future<Reply> copy(Call call) {
        var id = call.id("id", "campaign");
        return transactions.once(call, tx -> store.find(tx, call.ws(), id).compose(found -> {
            var fields = found.orElseThrow(() -> ProblemException.notFound("campaign"))
                    .fields()
                    .put("name", call.json().getString("name"));
            return insert(tx, call, Campaign.of(UuidCreator.getTimeOrderedEpoch(), fields));
        }));
    }

    private Future<Reply> insert(SqlConnection tx, Call call, Campaign draft) {
        return requireThere(tx, call.ws(), draft)
                .compose(there -> store.count(tx, call.ws()))
                .compose(count -> {
                    if (count >= MAX_CAMPAIGNS) {
                        throw ProblemException.conflict(
                                "A workspace has at most " + MAX_CAMPAIGNS + " campaigns: delete archived ones.");
                    }
                    return store.insert(tx, call.ws(), draft, call.caller().id());
                })
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(campaign -> audit.record(tx, call, "campaign", campaign.id(), null, told(campaign))
                        .map(Reply.created(CAMPAIGNS + campaign.id(), campaign.toJson())));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "campaign");
        return store.find(transactions.pool(), call.ws(), id)
                .compose(found -> {
                    var before = found.orElseThrow(() -> ProblemException.notFound("campaign"));
                    return requireAllowed(call, before, before.draft(call.json()));
                })
                .compose(allowed -> transactions.run(tx -> store.lock(tx, call.ws(), id)
                        .compose(found -> save(tx, call, Campaign.current(found, version)))))
                .map(CampaignsService::shown);
    }

    private Future<Campaign> save(SqlConnection tx, Call call, Campaign before) {
        var draft = before.draft(call.json());
        boolean edited = !draft.body().toJson().equals(before.body().toJson());
        return (edited ? requireThere(tx, call.ws(), draft) : Future.<Void>succeededFuture())
                .compose(there -> store.now(tx))
                .map(now -> Turn.allowed(CampaignLife.after(before.life(), new Edited(edited), now)))
                .compose(life -> {
                    var changed = draft.at(life)
                            .saying(edited ? "" : before.comment())
                            .pinned(edited ? null : before.templateVersion());
                    return store.update(
                            tx, call.ws(), changed, edited, call.caller().id());
                })
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(after -> audit.record(
                                tx,
                                call,
                                "campaign",
                                after.id(),
                                named(told(before), call.json()),
                                named(told(after), call.json()))
                        .map(after));
    }

    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "campaign");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var campaign = Campaign.current(found, version);
                    if (!DELETABLE.contains(campaign.life().status())) {
                        throw ProblemException.conflict("The campaign is "
                                + campaign.life().status().word().replace('_', ' ')
                                + ": only drafts and archived ones are deleted.");
                    }
                    return store.delete(tx, call.ws(), id)
                            .compose(done -> campaign.body().isTriggered()
                                    ? entries.forget(tx, call.ws(), id)
                                            .compose(gone -> series.forget(tx, call.ws(), id))
                                    : Future.succeededFuture())
                            .compose(done -> audit.record(tx, call, "campaign", id, told(campaign), null));
                }))
                .map(Reply.noContent());
    }

    /** All that it names is there, and the segments stay until the transaction has ended. */
    private Future<Void> requireThere(SqlConnection tx, int ws, Campaign draft) {
        var audience = draft.body().audience();
        Future<Void> purpose = tenancy.rules(ws).map(rules -> {
            if (!rules.purposes().contains(draft.body().purpose())) {
                throw ProblemException.unprocessable(
                        "/purpose",
                        "This workspace has the purposes "
                                + String.join(
                                        ", ", rules.purposes().stream().sorted().toList()) + ".");
            }
            return null;
        });
        if (audience.segments().isEmpty() && audience.rule() == null) {
            return purpose;
        }
        var names = audience.isGiven()
                ? audience.meant()
                : new CampaignAudience(audience.exclude(), List.of(), null).meant();
        return purpose.compose(known -> audiences.require(tx, ws, names, "/audience"))
                .mapEmpty();
    }

    /** How many a rule means tells what people are like: who may not try rules out may not do so here either. */
    private Future<Void> requireAllowed(Call call, Campaign before, Campaign draft) {
        var audience = draft.body().audience();
        if (before != null && before.body().audience().equals(audience)) {
            return Future.succeededFuture();
        }
        if (audience.rule() != null) {
            return authorities.require(
                    call.caller(), "segments:manage", "A rule of one's own needs the permission segments:manage.");
        }
        return audience.segments().isEmpty()
                ? Future.succeededFuture()
                : authorities.require(
                        call.caller(), "segments:read", "To name segments one needs the permission segments:read.");
    }

    /** For the audit trail. What is given for a template's variables may be personal and is left out. */
    private static JsonObject told(Campaign campaign) {
        var fields = campaign.fields();
        if (fields.getJsonObject("template") != null) {
            fields.getJsonObject("template").remove("variables");
        }
        return fields.put("status", campaign.life().status().word())
                .put("version", campaign.edits().version());
    }

    private static JsonObject named(JsonObject fields, JsonObject change) {
        var named = new JsonObject();
        change.fieldNames().forEach(name -> named.put(name, fields.getValue(name)));
        return named.put("status", fields.getValue("status")).put("version", fields.getValue("version"));
    }

    private static ProblemException taken(Campaign draft) {
        return ProblemException.conflict("There is a campaign named " + draft.name() + " already.");
    }
}
