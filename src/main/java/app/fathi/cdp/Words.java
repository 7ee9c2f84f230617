package app.fathi.cdp;

import app.fathi.cdp.values.Value;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;

/**
 * What was said of one id, by name: name → [value, microseconds, messageId, …]. Of each name the latest word by (corrected
 * time, messageId) stands; of a trait of which the workspace says so the first that has a value, unless staff have said one. Made of the database's text when somebody asks: of most events nobody does.
 */
final class Words {
    /**
     * All words of one kind of one id, as JSON: far above what sites say of people, and little enough that a batch of events of people of
     * whom somebody has said as much as may be fits into memory.
     */
    static final int MAX_OCTETS = 65_536;

    /** Where a word of a trait says that staff have said it. */
    private static final int STAFF = 4;

    /** Where a word about consent has what shows it. */
    private static final int EVIDENCE = 4;

    private final int most;
    private String text;
    private JsonObject words;

    /**
     * @param text null where they are not read: then nothing is said of them either
     * @param most so many names are kept, those of which something was said last
     */
    Words(String text, int most) {
        this.text = text;
        this.most = most;
    }

    JsonObject read() {
        if (words == null) {
            words = new JsonObject(Objects.requireNonNull(text, "not read"));
        }
        return words;
    }

    /** Tells whether anything is other than before. */
    boolean say(String name, JsonArray word) {
        return say(name, word, Set.of());
    }

    /** @param oldest names of which the first word stands */
    boolean say(String name, JsonArray word, Set<String> oldest) {
        boolean said = say(read(), name, word, most, oldest);
        if (said) {
            text = null;
        }
        return said;
    }

    /** Whether anybody may say something. */
    boolean isRead() {
        return text != null || words != null;
    }

    /** Null where they are not read. */
    String encode() {
        if (text == null && words != null) {
            text = encode(words);
        }
        return text;
    }

    /**
     * As they are kept, in at most {@link #MAX_OCTETS}: what was said longest ago goes first. A consent stays, and only what shows it
     * goes: that stands in the timeline as well.
     */
    static String encode(JsonObject words) {
        var text = words.encode();
        var over = octets(text) - MAX_OCTETS;
        if (over <= 0) {
            return text;
        }
        var oldestFirst = words.fieldNames().stream()
                .sorted((one, other) -> isEarlier(words, one, other) ? -1 : 1)
                .toList();
        for (var name : oldestFirst) {
            var word = words.getJsonArray(name);
            if (word.size() <= EVIDENCE || !(word.getValue(EVIDENCE) instanceof JsonObject evidence)) {
                // With quotes, colon and comma.
                over -= octets(word.encode()) + octets(name) + 4;
                words.remove(name);
            } else if (!evidence.isEmpty()) {
                over -= octets(evidence.encode()) - 2;
                word.set(EVIDENCE, new JsonObject());
            }
            if (over <= 0) {
                break;
            }
        }
        return words.encode();
    }

    private static int octets(String text) {
        return text.length() * 3 <= MAX_OCTETS ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Puts a word down unless a later one stands, and of all words keeps the latest. Tells whether it was put down. */
    static boolean say(JsonObject words, String name, JsonArray word, int most) {
        return say(words, name, word, most, Set.of());
    }

    private static boolean say(JsonObject words, String name, JsonArray word, int most, Set<String> oldest) {
        var present = words.getJsonArray(name);
        boolean stands = oldest.contains(name)
                ? isFirst(word, present)
                : present == null || isLater(word.getLong(1), word.getString(2), present);
        if (stands) {
            words.put(name, word);
        }
        // What goes is older than all that stays, so it makes no difference in which order things were said. First
        // words stay.
        if (words.size() > most) {
            words.fieldNames().stream()
                    .filter(one -> !oldest.contains(one))
                    .reduce((one, other) -> isEarlier(words, one, other) ? one : other)
                    .ifPresent(words::remove);
        }
        return stands;
    }

    /** Of what staff have said the latest, else of values the first. */
    private static boolean isFirst(JsonArray word, JsonArray present) {
        if (isOfStaff(word)) {
            return present == null || !isOfStaff(present) || isLater(word.getLong(1), word.getString(2), present);
        }
        return word.getValue(0) != null
                && (present == null
                        || !isOfStaff(present)
                                && (present.getValue(0) == null
                                        || !isLater(word.getLong(1), word.getString(2), present)));
    }

    private static boolean isOfStaff(JsonArray word) {
        return word.size() > STAFF && Boolean.TRUE.equals(word.getValue(STAFF));
    }

    private static boolean isEarlier(JsonObject words, String one, String other) {
        var word = words.getJsonArray(one);
        var byWord = words.getJsonArray(other);
        // Words of one event are told apart by their names.
        return word.getLong(1).equals(byWord.getLong(1)) && word.getString(2).equals(byWord.getString(2))
                ? one.compareTo(other) < 0
                : !isLater(word.getLong(1), word.getString(2), byWord);
    }

    private static boolean isLater(long micros, String messageId, JsonArray other) {
        var byTime = Long.compare(micros, other.getLong(1));
        return byTime != 0 ? byTime > 0 : Value.compare(messageId, other.getString(2)) > 0;
    }
}
