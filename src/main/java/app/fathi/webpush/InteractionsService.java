package app.fathi.webpush;

import app.fathi.cep.message.Interaction;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;

/**
 * What browsers report of shown messages. Parses by hand to the limits of the contract, because it is hot and comes as
 * {@code text/plain}, and answers once the reports are on the stream.
 */
final class InteractionsService {
    private static final int MAX_OCTETS = 65_536;
    private static final int MAX_REPORTS = 100;
    private static final int MAX_TOKEN_LENGTH = 200;
    private static final int MAX_ACTION_LENGTH = 64;
    private static final Set<String> MEMBERS = Set.of("token", "type", "action", "timestamp");
    private static final Map<String, Reason> TYPES =
            Map.of("shown", Reason.SHOWN, "clicked", Reason.CLICKED, "closed", Reason.CLOSED);

    private final Streams streams;
    private final TrackingTokens tokens;
    private final InstantSource clock;

    InteractionsService(Streams streams, TrackingTokens tokens, InstantSource clock) {
        this.streams = streams;
        this.tokens = tokens;
        this.clock = clock;
    }

    Future<Reply> track(Call call) {
        var reports = reports(call);
        var now = clock.instant();
        var records = new ArrayList<StreamRecord>(reports.size());
        for (var report : reports) {
            tokens.verify(report.token(), now).ifPresent(delivery -> {
                var interaction = new Interaction(delivery, report.type(), report.action(), earlier(report.at(), now));
                records.add(new StreamRecord(
                        delivery.ws(), interaction.streamKey(), Interaction.KIND, interaction.toPayload()));
            });
        }
        var answer =
                Reply.ok(new JsonObject().put("taken", records.size()).put("refused", reports.size() - records.size()));
        return records.isEmpty()
                ? Future.succeededFuture(answer)
                : streams.append("ingest", records).map(answer);
    }

    private record Report(String token, Reason type, String action, Instant at) {}

    private static ArrayList<Report> reports(Call call) {
        if (call.body() == null || call.body().length() == 0) {
            throw ProblemException.of(Kind.MALFORMED, "The body is missing.");
        }
        if (call.body().length() > MAX_OCTETS) {
            throw ProblemException.of(Kind.TOO_LARGE, "Reports have at most " + MAX_OCTETS + " octets at once.");
        }
        var json = StrictJson.object(call.body());
        for (var name : json.fieldNames()) {
            if (!name.equals("interactions")) {
                throw ProblemException.invalid("/" + name, "There is no such property.");
            }
        }
        if (!(json.getValue("interactions") instanceof io.vertx.core.json.JsonArray items)
                || items.isEmpty()
                || items.size() > MAX_REPORTS) {
            throw ProblemException.invalid("/interactions", "This takes an array of 1 to " + MAX_REPORTS + " reports.");
        }
        var reports = new ArrayList<Report>(items.size());
        for (int index = 0; index < items.size(); index++) {
            reports.add(report("/interactions/" + index, items.getValue(index)));
        }
        return reports;
    }

    private static Report report(String pointer, Object value) {
        if (!(value instanceof JsonObject json)) {
            throw ProblemException.invalid(pointer, "A report is an object.");
        }
        for (var name : json.fieldNames()) {
            if (!MEMBERS.contains(name)) {
                throw ProblemException.invalid(pointer + "/" + name, "There is no such property.");
            }
        }
        var token = text(pointer, json, "token", MAX_TOKEN_LENGTH);
        var word = text(pointer, json, "type", MAX_ACTION_LENGTH);
        var type = word == null ? null : TYPES.get(word);
        if (token == null || token.isEmpty()) {
            throw ProblemException.invalid(pointer + "/token", "This property is missing.");
        }
        if (type == null) {
            throw ProblemException.invalid(pointer + "/type", "This is one of shown, clicked, closed.");
        }
        return new Report(token, type, text(pointer, json, "action", MAX_ACTION_LENGTH), instant(pointer, json));
    }

    private static String text(String pointer, JsonObject json, String name, int limit) {
        var value = json.getValue(name);
        if (json.containsKey(name)
                && !(value instanceof String text && text.codePointCount(0, text.length()) <= limit)) {
            throw ProblemException.invalid(
                    pointer + "/" + name, "This takes a text of at most " + limit + " characters.");
        }
        return (String) value;
    }

    private static Instant instant(String pointer, JsonObject json) {
        var at = Rfc3339.at(pointer + "/timestamp", text(pointer, json, "timestamp", MAX_ACTION_LENGTH));
        return at == null ? null : at.toInstant();
    }

    /** A device's clock may be ahead; nothing happened later than it was told. */
    private static Instant earlier(Instant told, Instant now) {
        return told == null || told.isAfter(now) ? now : told;
    }
}
