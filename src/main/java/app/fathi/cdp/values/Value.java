package app.fathi.cdp.values;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A value of a trait, a property or an attribute, as both engines see it. */
public sealed interface Value {
    Value MISSING = new Missing();

    /** Not there, or null, which is the same. */
    record Missing() implements Value {}

    record Text(String text) implements Value {}

    /** All numbers are doubles: {@code 1} and {@code 1.0} are one number. */
    record Numeric(double number) implements Value {}

    record Flag(boolean flag) implements Value {}

    record Many(List<Value> values) implements Value {}

    /** An object: it exists, and nothing else can be asked of it but its members. */
    record Members() implements Value {}

    /** Of what a JSON reader gives. */
    static Value of(Object json) {
        return switch (json) {
            case null -> MISSING;
            case String text -> new Text(text);
            case Boolean flag -> new Flag(flag);
            case Number number -> new Numeric(number.doubleValue());
            case JsonArray array -> new Many(all(array.getList()));
            case List<?> list -> new Many(all(list));
            case JsonObject object -> new Members();
            case Map<?, ?> map -> new Members();
            default -> throw new IllegalArgumentException("no JSON value: " + json.getClass());
        };
    }

    private static List<Value> all(List<?> items) {
        var values = new ArrayList<Value>(items.size());
        items.forEach(item -> values.add(of(item)));
        return List.copyOf(values);
    }

    /** Whether they are of one type and equal; texts by code point or folded. What is missing equals nothing. */
    default boolean equalTo(Value other, boolean ignoreCase) {
        return switch (this) {
            case Text text ->
                other instanceof Text(var otherText)
                        && (ignoreCase ? Fold.of(text.text).equals(Fold.of(otherText)) : text.text.equals(otherText));
            // Not by boxing: 0 and -0 are one number.
            case Numeric numeric -> other instanceof Numeric(double number) && number == numeric.number;
            case Flag flag -> other instanceof Flag(boolean otherFlag) && otherFlag == flag.flag;
            case Missing missing -> false;
            case Many many -> false;
            case Members members -> false;
        };
    }

    /** Code point by code point: unlike {@code compareTo}, and as {@code COLLATE "C"} does in UTF-8. */
    static int compare(String one, String other) {
        int length = Math.min(one.length(), other.length());
        for (int i = 0; i < length; i++) {
            char a = one.charAt(i);
            char b = other.charAt(i);
            if (a != b) {
                // A surrogate stands for a code point above all that need none.
                boolean beyond = Character.isSurrogate(a);
                return beyond == Character.isSurrogate(b) ? Character.compare(a, b) : beyond ? 1 : -1;
            }
        }
        return Integer.compare(one.length(), other.length());
    }
}
