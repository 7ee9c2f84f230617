package app.fathi.platform.bus;

import java.util.OptionalLong;

/** Strong entity tags made from row versions: version 7 is {@code "v7"} (RFC 9110 section 8.8.3). */
public final class Etag {
    private Etag() {}

    public static String of(long version) {
        return "\"v" + version + "\"";
    }

    public static OptionalLong version(String header) {
        var tag = header.strip();
        if (tag.length() < 4 || tag.length() > 22 || !tag.startsWith("\"v") || !tag.endsWith("\"")) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(tag, 2, tag.length() - 1, 10));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
