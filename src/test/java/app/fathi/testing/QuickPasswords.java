package app.fathi.testing;

import app.fathi.platform.config.Config;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Passwords whose hash costs next to nothing, less than settings allow: a test signs in often. What hashing costs in earnest is
 * tested where sessions are ({@code SessionsTest}).
 */
public final class QuickPasswords {
    private static final int LEAST_MEMORY_KIB = 8;

    private QuickPasswords() {}

    /** These settings, but for that. */
    public static Config in(Config config) {
        var security = with(config.security(), Map.of("passwordMemoryKib", LEAST_MEMORY_KIB, "passwordIterations", 1));
        return with(config, Map.of("security", security));
    }

    @SuppressWarnings("unchecked")
    private static <R extends Record> R with(R record, Map<String, Object> changed) {
        try {
            var components = record.getClass().getRecordComponents();
            var types = Stream.of(components).map(each -> each.getType()).toArray(Class<?>[]::new);
            var values = new Object[components.length];
            for (int i = 0; i < values.length; i++) {
                var value = changed.get(components[i].getName());
                values[i] = value == null ? components[i].getAccessor().invoke(record) : value;
            }
            return (R) record.getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
