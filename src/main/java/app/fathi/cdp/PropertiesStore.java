package app.fathi.cdp;

/** The SQL of what is read of events' properties, wherever events of people are read. */
public final class PropertiesStore {
    private PropertiesStore() {}

    /**
     * Of an object those members that are asked for, as they came: for who reads a few events at a time, so that what is counted again is what
     * was counted as it came.
     *
     * @param object an expression for a jsonb
     * @param names an expression for a text[]
     */
    public static String whole(String object, String names) {
        return "(SELECT jsonb_object_agg(n, %1$s -> n) FROM unnest(%2$s) AS n WHERE %1$s -> n IS NOT NULL)"
                .formatted(object, names);
    }

    /**
     * Of an object those members that are asked for: with a browser's key anybody sends 32 KB of properties, and of somebody who did much,
     * much is read at once. A text longer than any that rules ask for is cut, and of a large list or object it is only told that it
     * is there.
     *
     * @param object an expression for a jsonb
     * @param names an expression for a text[]
     */
    public static String members(String object, String names) {
        return members(object, names, "");
    }

    /** @param step from a member to its value, such as {@code -> 0} */
    public static String members(String object, String names, String step) {
        return """
                (SELECT jsonb_object_agg(m.name, CASE
                   WHEN pg_column_size(m.value) <= 8192 THEN m.value
                   WHEN jsonb_typeof(m.value) = 'string' THEN to_jsonb(left(m.value #>> '{}', 2048))
                   ELSE '{}' END)
                 FROM (SELECT n AS name, %s -> n%s AS value FROM unnest(%s) AS n) m WHERE m.value IS NOT NULL)"""
                .formatted(object, step, names);
    }
}
