package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Approval;
import app.fathi.campaigns.CampaignsStore.Workspace;
import app.fathi.cep.Obstacles;
import app.fathi.cep.message.Obstacle;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Tenancy;
import app.fathi.segments.Audiences;
import app.fathi.templates.Templates;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** All that stops or weakens a launch, looked for before anybody is sent anything. */
final class Checks {
    private static final Set<String> PASSING = Set.of("blackout", "quota");

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final Audiences audiences;
    private final Templates templates;
    private final Obstacles obstacles;
    private final Tenancy tenancy;
    private final FourEyes eyes;

    Checks(Transactions transactions, Audiences audiences, Templates templates, Obstacles obstacles, Tenancy tenancy) {
        this.transactions = transactions;
        this.audiences = audiences;
        this.templates = templates;
        this.obstacles = obstacles;
        this.tenancy = tenancy;
        this.eyes = new FourEyes(transactions, audiences);
    }

    /**
     * Something that was found.
     *
     * @param stops it cannot be launched so; else it can, and fewer people get it, or later
     * @param pointer into the campaign; empty where it is about nothing of it
     */
    record Finding(boolean stops, String code, String detail, String pointer) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("severity", stops ? "stops" : "weakens")
                    .put("code", code)
                    .put("detail", detail)
                    .put("pointer", pointer);
        }
    }

    /**
     * @param count of the audience; null where it cannot be counted
     * @param needsOthers it may only go when somebody who neither made it nor changed it last has approved it
     */
    record Report(List<Finding> findings, Audiences.Count count, boolean needsOthers) {

        /** Fails with {@code conflict} where anything stops it. */
        void requireNothingStops() {
            var stops = findings.stream().filter(Finding::stops).toList();
            if (!stops.isEmpty()) {
                throw new ProblemException(Problem.of(
                        Kind.CONFLICT,
                        "The campaign cannot be launched so: "
                                + stops.getFirst().detail(),
                        stops.stream()
                                .map(stop -> new Fault(stop.pointer(), stop.detail()))
                                .toList()));
            }
        }

        JsonObject toJson() {
            return new JsonObject()
                    .put("ready", findings.stream().noneMatch(Finding::stops))
                    .put("needsApproval", needsOthers)
                    .put("audience", count == null ? null : counted(count))
                    .put(
                            "findings",
                            new JsonArray(findings.stream().map(Finding::toJson).toList()));
        }

        static JsonObject counted(Audiences.Count count) {
            return new JsonObject().put("people", count.people()).put("reachable", count.reachable());
        }
    }

    /** @param launching it is to go at once, whatever its schedule says */
    Future<Report> of(int ws, Campaign campaign, boolean launching) {
        var findings = new ArrayList<Finding>();
        var client = transactions.pool();
        return store.workspace(client, ws)
                .compose(workspace -> store.now(client).compose(now -> {
                    var at = when(campaign, launching, now, findings);
                    boolean atOnce = launching || campaign.body().schedule() == null;
                    return audience(ws, campaign, atOnce && !campaign.body().isTriggered(), findings)
                            .compose(count -> purpose(ws, campaign, findings)
                                    .compose(done -> obstacles(ws, campaign, at, count, findings))
                                    .compose(done -> content(ws, campaign, workspace, findings))
                                    .map(done -> {
                                        boolean others = FourEyes.areNeeded(workspace, campaign, count);
                                        approval(campaign, others, findings);
                                        return new Report(findings, count, others);
                                    }));
                }));
    }

    private static Instant when(Campaign campaign, boolean launching, Instant now, List<Finding> findings) {
        var schedule = campaign.body().schedule();
        if (schedule instanceof Schedule.Triggered triggered) {
            if (triggered.isOver(now)) {
                findings.add(new Finding(true, "schedule_past", "It was to end before now.", "/schedule/until"));
            }
            return now;
        }
        var cutoff = schedule == null || schedule instanceof Schedule.Recurring ? null : schedule.cutoff(now);
        if (cutoff != null && !cutoff.isAfter(now)) {
            findings.add(new Finding(true, "cutoff_past", "Its cutoff has passed.", "/schedule/cutoff"));
        }
        if (launching || schedule == null) {
            return now;
        }
        var next = campaign.life().next() == null
                ? schedule.next(now)
                : campaign.life().next();
        if (next == null) {
            findings.add(new Finding(true, "schedule_past", "No time of its schedule is still to come.", "/schedule"));
        }
        return next == null ? now : next;
    }

    private Future<Audiences.Count> audience(int ws, Campaign campaign, boolean atOnce, List<Finding> findings) {
        var audience = campaign.body().audience();
        if (!campaign.body().saysWhom()) {
            if (campaign.body().isTriggered()) {
                return Future.succeededFuture();
            }
            findings.add(new Finding(true, "no_audience", "It does not say whom it is for.", "/audience"));
            return Future.succeededFuture();
        }
        return eyes.count(ws, campaign)
                .compose(count -> {
                    if (count.people() == 0) {
                        findings.add(new Finding(atOnce, "audience_empty", "It is for nobody as of now.", "/audience"));
                    } else if (count.reachable() == 0) {
                        findings.add(new Finding(
                                atOnce,
                                "nobody_reachable",
                                "Of " + count.people() + " people nobody can be reached by web push as of now.",
                                "/audience"));
                    }
                    return audiences
                            .building(transactions.pool(), ws, audience.segments())
                            .map(names -> {
                                names.forEach(name -> findings.add(new Finding(
                                        false,
                                        "segment_building",
                                        "Not everybody was asked yet whether they are in the segment " + name + ".",
                                        "/audience")));
                                return count;
                            });
                })
                .recover(failure -> told(failure, "audience_invalid", findings).mapEmpty());
    }

    private Future<Void> purpose(int ws, Campaign campaign, List<Finding> findings) {
        return tenancy.rules(ws).map(rules -> {
            if (!rules.purposes().contains(campaign.body().purpose())) {
                findings.add(new Finding(
                        true, "purpose_unknown", "The workspace has no such purpose any more.", "/purpose"));
            }
            return null;
        });
    }

    private Future<Void> obstacles(
            int ws, Campaign campaign, Instant at, Audiences.Count count, List<Finding> findings) {
        return obstacles
                .of(
                        transactions.pool(),
                        ws,
                        campaign.id(),
                        campaign.body().purpose(),
                        at,
                        count == null ? 0 : count.reachable())
                .map(all -> {
                    all.forEach(one -> findings.add(new Finding(stops(campaign, one), one.code(), one.detail(), "")));
                    return null;
                });
    }

    /** One that is triggered goes on for long: what passes by itself does not keep it from beginning. */
    private static boolean stops(Campaign campaign, Obstacle one) {
        return one.stops() && !(campaign.body().isTriggered() && PASSING.contains(one.code()));
    }

    private Future<Void> content(int ws, Campaign campaign, Workspace workspace, List<Finding> findings) {
        var body = campaign.body();
        if (body.template() == null && body.content() == null) {
            findings.add(
                    new Finding(true, "no_content", "It says nothing: give it content or a template.", "/content"));
            return Future.succeededFuture();
        }
        return body.template() == null
                ? faults(ws, body.content(), "/content", findings).compose(done -> unknown(body, findings))
                : pin(transactions.pool(), ws, campaign)
                        .compose(pinned -> {
                            Future<Void> all = Future.succeededFuture();
                            for (var content : pinned.contents()) {
                                all = all.compose(done -> faults(ws, content, "/template/id", findings));
                            }
                            return all.compose(done -> language(ws, pinned, workspace, findings));
                        })
                        .recover(failure -> told(failure, null, findings));
    }

    /** A campaign's own content declares nothing, so what is written wrongly would be told to everybody with a hole in it. */
    private Future<Void> unknown(CampaignBody body, List<Finding> findings) {
        return obstacles.unknown(body.content(), "/content", body.isTriggered()).map(names -> {
            names.forEach(name -> findings.add(new Finding(false, "unknown_variable", name.detail(), name.pointer())));
            return null;
        });
    }

    /** The version that it says, if it may be sent so. */
    Future<Templates.Pinned> pin(SqlClient client, int ws, Campaign campaign) {
        var template = campaign.body().template();
        return templates.pin(
                client,
                ws,
                template.id(),
                campaign.templateVersion() == null ? template.version() : campaign.templateVersion(),
                template.language(),
                template.variables(),
                campaign.body().isTriggered());
    }

    private Future<Void> faults(int ws, JsonObject content, String pointer, List<Finding> findings) {
        return obstacles.faults(ws, content, pointer).map(faults -> {
            faults.forEach(fault -> findings.add(new Finding(true, "content", fault.detail(), fault.pointer())));
            return null;
        });
    }

    private Future<Void> language(int ws, Templates.Pinned pinned, Workspace workspace, List<Finding> findings) {
        var pin = pinned.pin();
        return templates
                .wording(transactions.pool(), ws, pin.template(), pin.version())
                .map(wording -> {
                    if (!wording.speaks(workspace.language())) {
                        findings.add(new Finding(
                                false,
                                "language",
                                "The template has no words in the workspace's language, " + workspace.language()
                                        + ": who speaks none of its own is told in the template's.",
                                "/template/id"));
                    }
                    return null;
                });
    }

    private static void approval(Campaign campaign, boolean others, List<Finding> findings) {
        var life = campaign.life();
        if (life.status() == Status.IN_REVIEW) {
            findings.add(new Finding(true, "approval", "Somebody has to approve it or send it back.", "/status"));
        } else if (others
                && life.approval() != Approval.INDEPENDENT
                && !life.status().isOver()) {
            findings.add(new Finding(
                    true,
                    "approval",
                    "Somebody who neither made it nor changed it last has to approve it.",
                    "/status"));
        }
    }

    /**
     * What was refused, as a finding for each fault.
     *
     * @param code null to tell it by what it is about
     */
    private static Future<Void> told(Throwable failure, String code, List<Finding> findings) {
        if (!(failure instanceof ProblemException refused) || refused.problem().kind() != Kind.UNPROCESSABLE) {
            return Future.failedFuture(failure);
        }
        for (var fault : refused.problem().faults()) {
            findings.add(
                    new Finding(true, code == null ? code(fault.pointer()) : code, fault.detail(), fault.pointer()));
        }
        return Future.succeededFuture();
    }

    private static String code(String pointer) {
        if (pointer.startsWith("/template/variables")) {
            return "variable";
        }
        return pointer.equals("/template/language") ? "language_missing" : "template";
    }
}
