package app.fathi.templates;

import app.fathi.platform.bus.Rfc3339;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Something that a template does not know before it knows for whom.
 *
 * @param name what the template calls it
 * @param trait the person's trait that it is where the message does not say; null for none. A dot reaches into an object
 * @param byDefault what it is where nobody says; null for nothing
 * @param sample what it is in previews; null for its default
 * @param missing what becomes of a message without it; null: as the template says
 */
record Variable(
        String name, Type type, String description, String trait, Object byDefault, Object sample, Missing missing) {

    /** What kind of value it takes. */
    enum Type {
        STRING,
        NUMBER,
        BOOLEAN,
        DATE,
        LIST,
        OBJECT;

        private static final Pattern NUMBER_TEXT = Pattern.compile("-?\\d{1,18}(\\.\\d{1,18})?");

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** The value as this type; null when it is of another, and for null. */
        Object read(Object value) {
            return switch (this) {
                case STRING ->
                    value instanceof String
                            ? value
                            : value instanceof Number || value instanceof Boolean ? value.toString() : null;
                case NUMBER -> value instanceof Number ? value : value instanceof String text ? number(text) : null;
                case BOOLEAN -> value instanceof Boolean ? value : value instanceof String text ? truth(text) : null;
                case DATE -> value instanceof String text && isDate(text) ? value : null;
                case LIST -> value instanceof JsonArray ? value : null;
                case OBJECT -> value instanceof JsonObject ? value : null;
            };
        }

        private static Number number(String text) {
            if (!NUMBER_TEXT.matcher(text.strip()).matches()) {
                return null;
            }
            var number = new BigDecimal(text.strip());
            return number.scale() == 0 ? (Number) number.longValueExact() : number;
        }

        private static Boolean truth(String text) {
            return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : null;
        }

        private static boolean isDate(String text) {
            if (Rfc3339.parse(text).isPresent()) {
                return true;
            }
            try {
                LocalDate.parse(text);
                return true;
            } catch (DateTimeException e) {
                return false;
            }
        }

        /** For who gave something else. */
        String wants() {
            return switch (this) {
                case STRING -> "a text";
                case NUMBER -> "a number";
                case BOOLEAN -> "true or false";
                case DATE -> "a time such as 2026-11-02T10:00:00Z, or a day such as 2026-11-02";
                case LIST -> "a list";
                case OBJECT -> "an object";
            };
        }
    }

    static Variable of(JsonObject json) {
        var missing = json.getString("missing");
        return new Variable(
                json.getString("name"),
                Type.valueOf(json.getString("type").toUpperCase(Locale.ROOT)),
                json.getString("description", ""),
                json.getString("trait"),
                json.getValue("defaultValue"),
                json.getValue("sample"),
                missing == null ? null : Missing.of(missing));
    }

    JsonObject toJson() {
        var json = new JsonObject().put("name", name).put("type", type.word()).put("description", description);
        putGiven(json, "trait", trait);
        putGiven(json, "defaultValue", byDefault);
        putGiven(json, "sample", sample);
        putGiven(json, "missing", missing == null ? null : missing.word());
        return json;
    }

    private static void putGiven(JsonObject json, String name, Object value) {
        if (value != null) {
            json.put(name, value);
        }
    }

    /** What the person's traits say it is; null when they do not, or say something of another type. */
    Object ofTraits(JsonObject traits) {
        if (trait == null || traits == null) {
            return null;
        }
        Object value = traits;
        for (var part : trait.split("\\.", -1)) {
            value = value instanceof JsonObject object ? object.getValue(part) : null;
        }
        return type.read(value);
    }

    Missing missing(Missing otherwise) {
        return missing == null ? otherwise : missing;
    }

    /** What it is in a preview of nobody in particular; null for nothing. */
    Object shown() {
        return sample != null ? sample : byDefault;
    }
}
