package app.fathi.platform.http.docs;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Names as openapi-generator makes them of those in the contract. */
final class Names {
    private static final Pattern BREAK = Pattern.compile("[^A-Za-z0-9]+([A-Za-z0-9])");

    private Names() {}

    /** {@code X-Device-Secret} → {@code xDeviceSecret}. */
    static String camel(String name) {
        return lower(BREAK.matcher(name).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT)));
    }

    static String upper(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    static String lower(String name) {
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    /** {@code very-low} → {@code VERY_LOW}, {@code didNot} → {@code DID_NOT}. */
    static String constant(String value) {
        if (value.equals("*")) {
            return "STAR";
        }
        return value.replaceAll("(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_").toUpperCase(Locale.ROOT);
    }

    /** What an example calls the answer; empty when there is none. */
    static Optional<String> answer(Spec spec, Spec.Operation operation) {
        if (operation.file().isPresent()) {
            return Optional.of("file");
        }
        return spec.answers(operation).stream()
                .flatMap(answer -> answer.body().stream())
                .flatMap(media -> Spec.name(media.getJsonObject("schema")).stream())
                .map(Names::lower)
                // Neither language takes it as a name.
                .map(name -> name.equals("import") ? "answer" : name)
                .findFirst();
    }
}
