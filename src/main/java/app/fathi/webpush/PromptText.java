package app.fathi.webpush;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.IllformedLocaleException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a prompt says in one language.
 *
 * @param language BCP 47, in its canonical form
 * @param words what it says, by the contract's names
 */
record PromptText(String language, JsonObject words) {

    static PromptText of(JsonObject json) {
        var words = json.copy();
        return new PromptText(words.remove("language").toString(), words);
    }

    JsonObject toJson() {
        return new JsonObject().put("language", language).mergeIn(words);
    }

    boolean says(String name) {
        return !words.getString(name, "").isBlank();
    }

    /** The tag as it is written, such as {@code de-CH}; empty when it is none. */
    static Optional<String> canonical(String tag) {
        try {
            var locale =
                    new Locale.Builder().setLanguageTag(tag.replace('_', '-')).build();
            return locale.getLanguage().isEmpty() ? Optional.empty() : Optional.of(locale.toLanguageTag());
        } catch (IllformedLocaleException e) {
            return Optional.empty();
        }
    }

    /**
     * The languages that a reader wants, the dearest first.
     *
     * @param page the page's own; null when it has none
     * @param accepted {@code Accept-Language} (RFC 9110 section 12.5.4); null when none was sent
     */
    static List<String> wanted(String page, String accepted) {
        var wanted = new ArrayList<String>();
        if (page != null) {
            canonical(page).ifPresent(wanted::add);
        }
        try {
            Locale.LanguageRange.parse(accepted == null ? "*" : accepted).stream()
                    .flatMap(range -> canonical(range.getRange()).stream())
                    .forEach(wanted::add);
        } catch (IllegalArgumentException e) {
            // A header that nobody can read asks for nothing.
        }
        return wanted;
    }

    /**
     * The text in the first language for which there is one: in that language as it is written, else in ever wider ones
     * ({@code zh-Hant-TW, zh-Hant, zh}), else as it is spoken elsewhere. Where there is none, the first text.
     */
    static PromptText best(List<PromptText> texts, List<String> wanted) {
        return wanted.stream()
                .flatMap(language -> closest(texts, language).stream())
                .findFirst()
                .orElse(texts.getFirst());
    }

    private static Optional<PromptText> closest(List<PromptText> texts, String language) {
        var base = language.split("-", 2)[0];
        return Stream.concat(
                        widening(language).flatMap(tag -> texts.stream().filter(text -> text.language.equals(tag))),
                        texts.stream().filter(text -> text.language.startsWith(base + "-")))
                .findFirst();
    }

    private static Stream<String> widening(String language) {
        return Stream.iterate(
                language, tag -> !tag.isEmpty(), tag -> tag.substring(0, Math.max(0, tag.lastIndexOf('-'))));
    }
}
