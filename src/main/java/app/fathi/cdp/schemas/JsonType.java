package app.fathi.cdp.schemas;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Of what type a value is. The order is that of the bits in {@code cdp_schema_property}: new ones come behind. */
enum JsonType {
    STRING,
    NUMBER,
    BOOLEAN,
    OBJECT,
    ARRAY;

    /** In answers and pins. */
    String told() {
        return name().toLowerCase(Locale.ROOT);
    }

    int bit() {
        return 1 << ordinal();
    }

    static JsonType of(Object value) {
        return switch (value) {
            case JsonObject object -> OBJECT;
            case JsonArray array -> ARRAY;
            case Number number -> NUMBER;
            case Boolean truth -> BOOLEAN;
            default -> STRING;
        };
    }

    static Optional<JsonType> named(String told) {
        return Arrays.stream(values()).filter(type -> type.told().equals(told)).findFirst();
    }

    static List<String> named(int bits) {
        return Arrays.stream(values())
                .filter(type -> (bits & type.bit()) != 0)
                .map(JsonType::told)
                .toList();
    }
}
