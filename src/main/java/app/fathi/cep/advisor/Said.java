package app.fathi.cep.advisor;

import app.fathi.cep.advisor.Advice.Kind;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads what a service has answered. Nothing in it is believed beyond what was asked: people who were not are passed over, and what
 * is wrong of one person is wrong of that one alone. Pure.
 */
final class Said {
    private Said() {}

    /** For each person of the question what it comes to; empty where the answer as a whole is nothing that can be read. */
    static Optional<Map<UUID, Advice>> read(Question question, Buffer body) {
        var decisions = decisions(body);
        if (decisions == null) {
            return Optional.empty();
        }
        var asked = question.people().stream().collect(Collectors.toMap(Question.Person::id, Function.identity()));
        var said = new HashMap<UUID, Advice>();
        for (var entry : decisions) {
            var person = entry instanceof JsonObject decision ? asked.get(id(decision)) : null;
            if (person != null) {
                // Whom it says two things of, it says nothing of.
                said.merge(person.id(), read(person, (JsonObject) entry), (one, other) -> Advice.of(Kind.INVALID));
            }
        }
        asked.keySet().forEach(id -> said.putIfAbsent(id, Advice.of(Kind.MISSING)));
        return Optional.of(said);
    }

    /** The same of everybody. */
    static Map<UUID, Advice> all(Question question, Kind kind) {
        var advice = Advice.of(kind);
        return question.people().stream().collect(Collectors.toMap(Question.Person::id, person -> advice));
    }

    private static JsonArray decisions(Buffer body) {
        try {
            return new JsonObject(body).getValue("decisions") instanceof JsonArray found ? found : null;
        } catch (RuntimeException e) {
            return null;
        }
    }

    private static UUID id(JsonObject decision) {
        try {
            return decision.getValue("id") instanceof String text ? UUID.fromString(text) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static Advice read(Question.Person person, JsonObject decision) {
        var score = decision.getValue("score") instanceof Number number && isKept(number.floatValue())
                ? Float.valueOf(Float.float16ToFloat(Float.floatToFloat16(number.floatValue())))
                : null;
        var reason = decision.getValue("reason") instanceof String text ? kept(text) : null;
        return new Advice(kind(person, decision), score, reason);
    }

    /** Who wants to say "not now" says so: a channel that was forgotten is no word. */
    private static Kind kind(Question.Person person, JsonObject decision) {
        if (!decision.containsKey("channel")) {
            return Kind.INVALID;
        }
        return switch (decision.getValue("channel")) {
            case null -> Kind.DECLINED;
            case String channel -> person.channels().containsKey(channel) ? Kind.CHANNEL : Kind.UNKNOWN_CHANNEL;
            default -> Kind.INVALID;
        };
    }

    private static boolean isKept(float score) {
        return Float.isFinite(Float.float16ToFloat(Float.floatToFloat16(score)));
    }

    /** On one line, without what nobody can see, and not longer than is kept; null for nothing. */
    private static String kept(String text) {
        var line = new StringBuilder();
        text.codePoints()
                .limit(Advice.REASON_CHARACTERS)
                .map(point -> switch (Character.getType(point)) {
                    case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> ' ';
                    case Character.SURROGATE -> '\uFFFD';
                    default -> point;
                })
                .forEach(line::appendCodePoint);
        var stripped = line.toString().strip();
        return stripped.isEmpty() ? null : stripped;
    }
}
