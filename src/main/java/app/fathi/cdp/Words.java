package app.fathi.cdp;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Objects;

/**
 * What was said of one id, by name: name → [value, microseconds, messageId, …]. Of each name the latest word by (corrected
 * time, messageId) stands. Made of the database's text when somebody asks: of most events nobody does.
 */
final class Words {
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
        boolean said = say(read(), name, word, most);
        if (said) {
            text = null;
        }
        return said;
    }

    /** Null where they are not read. */
    String encode() {
        if (text == null && words != null) {
            text = words.encode();
        }
        return text;
    }

    /** Puts a word down unless a later one stands, and of all words keeps the latest. Tells whether it was put down. */
    static boolean say(JsonObject words, String name, JsonArray word, int most) {
        var present = words.getJsonArray(name);
        boolean later = present == null || isLater(word.getLong(1), word.getString(2), present);
        if (later) {
            words.put(name, word);
        }
        // What goes is older than all that stays, so it makes no difference in which order things were said.
        if (words.size() > most) {
            words.remove(words.fieldNames().stream()
                    .reduce((one, other) -> isEarlier(words, one, other) ? one : other)
                    .orElseThrow());
        }
        return later;
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
        return byTime != 0 ? byTime > 0 : messageId.compareTo(other.getString(2)) > 0;
    }
}
