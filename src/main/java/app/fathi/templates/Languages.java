package app.fathi.templates;

import io.vertx.core.json.JsonObject;
import java.util.Collection;
import java.util.IllformedLocaleException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Languages as BCP 47 writes them, and which of several somebody is told something in. */
final class Languages {
    private static final Set<String> RIGHT_TO_LEFT =
            Set.of("ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "syr", "ug", "ur", "yi");
    private static final Set<String> RIGHT_TO_LEFT_SCRIPTS = Set.of("Arab", "Hebr", "Syrc", "Thaa");

    private Languages() {}

    /** The tag as it is written, such as {@code pt-BR}; empty when it is none, or null. */
    static Optional<String> canonical(String tag) {
        try {
            var locale = new Locale.Builder()
                    .setLanguageTag(tag == null ? "" : tag.strip().replace('_', '-'))
                    .build();
            return locale.getLanguage().isEmpty() ? Optional.empty() : Optional.of(locale.toLanguageTag());
        } catch (IllformedLocaleException e) {
            return Optional.empty();
        }
    }

    /**
     * The first that there is: of each wanted language the tag as it is, then ever wider ones ({@code zh-Hant-TW, zh-Hant,
     * zh}).
     *
     * @param there canonical tags
     * @param wanted the dearest first; nulls and what is no tag are passed over
     */
    static Optional<String> best(Collection<String> there, String... wanted) {
        return Stream.of(wanted)
                .filter(Objects::nonNull)
                .flatMap(tag -> canonical(tag).stream())
                .flatMap(Languages::widening)
                .filter(there::contains)
                .findFirst();
    }

    private static Stream<String> widening(String language) {
        return Stream.iterate(
                language, tag -> !tag.isEmpty(), tag -> tag.substring(0, Math.max(0, tag.lastIndexOf('-'))));
    }

    static boolean isRightToLeft(String language) {
        var locale = Locale.forLanguageTag(language);
        return locale.getScript().isEmpty()
                ? RIGHT_TO_LEFT.contains(locale.getLanguage())
                : RIGHT_TO_LEFT_SCRIPTS.contains(locale.getScript());
    }

    /** What a person's traits say of their language; null when they say nothing. */
    static String ofTraits(JsonObject traits) {
        return traits == null
                ? null
                : List.of("language", "locale").stream()
                        .map(traits::getValue)
                        .filter(value ->
                                value instanceof String text && canonical(text).isPresent())
                        .map(String.class::cast)
                        .findFirst()
                        .orElse(null);
    }
}
