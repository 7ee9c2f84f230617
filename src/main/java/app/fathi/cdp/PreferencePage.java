package app.fathi.cdp;

import app.fathi.platform.http.Resource;
import app.fathi.platform.http.docs.Html;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The page on which people say what they want to be told, in one language. It says who sends, and names nobody to whom: links are passed on. */
final class PreferencePage {
    private static final List<String> LANGUAGES = List.of("en", "ar", "de", "fr", "es", "tr");
    private static final Map<String, JsonObject> TEXTS = texts();

    private final String language;
    private final JsonObject texts;

    private PreferencePage(String language) {
        this.language = language;
        this.texts = TEXTS.get(language);
    }

    private static Map<String, JsonObject> texts() {
        var all = new LinkedHashMap<String, JsonObject>();
        LANGUAGES.forEach(language ->
                all.put(language, new JsonObject(Buffer.buffer(Resource.read("/preferences/" + language + ".json")))));
        return all;
    }

    /**
     * In the language that is asked for, or the first that the browser names and we speak.
     *
     * @param asked may be null
     * @param acceptLanguage may be null
     */
    static PreferencePage in(String asked, String acceptLanguage) {
        if (asked != null && TEXTS.containsKey(primary(asked))) {
            return new PreferencePage(primary(asked));
        }
        try {
            var found = Locale.lookup(
                    Locale.LanguageRange.parse(acceptLanguage == null ? "en" : acceptLanguage),
                    LANGUAGES.stream().map(Locale::forLanguageTag).toList());
            return new PreferencePage(found == null ? LANGUAGES.getFirst() : found.getLanguage());
        } catch (IllegalArgumentException e) {
            return new PreferencePage(LANGUAGES.getFirst());
        }
    }

    private static String primary(String tag) {
        return tag.split("[-_]", 2)[0].toLowerCase(Locale.ROOT);
    }

    String language() {
        return language;
    }

    /**
     * @param workspace who sends what is chosen here
     * @param saved what was saved just now: {@code yes}, {@code everything}, or null
     */
    String shown(String workspace, Preferences preferences, String path, String saved) {
        var action = path + "?lang=" + language;
        var purposes = Html.each(preferences.on().entrySet(), purpose -> purpose(purpose.getKey(), purpose.getValue()));
        return frame(
                text("title"),
                workspace,
                told(saved)
                        .and(Html.of(
                                """
                                <p>{}</p>
                                <form method="post" action="{}">
                                {}
                                <fieldset aria-describedby="quiet-hint">
                                  <legend>{}</legend>
                                  <p class="hint" id="quiet-hint">{}</p>
                                  <p class="hours">
                                    <span><label for="start">{}</label> <input type="time" id="start" name="start" value="{}"></span>
                                    <span><label for="end">{}</label> <input type="time" id="end" name="end" value="{}"></span>
                                  </p>
                                </fieldset>
                                <button type="submit">{}</button>
                                </form>
                                <form class="everything" method="post" action="{}">
                                  <h2>{}</h2>
                                  <p>{}</p>
                                  <button class="quiet" type="submit" name="everything" value="yes">{}</button>
                                </form>
                                """,
                                text("intro"),
                                action,
                                purposes,
                                text("quiet"),
                                text("quietHint"),
                                text("from"),
                                preferences.quietHours().map(QuietHours::start).orElse(""),
                                text("to"),
                                preferences.quietHours().map(QuietHours::end).orElse(""),
                                text("save"),
                                action,
                                text("everything"),
                                text("everythingHint"),
                                text("unsubscribe"))),
                path);
    }

    /** That something was saved, and the way back. */
    String told(String workspace, String saved, String path) {
        return frame(
                text("title"),
                workspace,
                told(saved).and(Html.of("<p><a href=\"{}\">{}</a></p>", path + "?lang=" + language, text("back"))),
                path);
    }

    /** The link works no longer, or never did. */
    String gone() {
        return frame(text("gone"), null, Html.of("<p>{}</p>", text("goneHint")), null);
    }

    private Html told(String saved) {
        return switch (saved == null ? "" : saved) {
            case "yes" -> Html.of("<p class=\"told\" role=\"status\">{}</p>", text("saved"));
            case "everything" -> Html.of("<p class=\"told\" role=\"status\">{}</p>", text("savedEverything"));
            default -> Html.NONE;
        };
    }

    private Html purpose(String purpose, Map<String, Boolean> channels) {
        return Html.of(
                "<fieldset>\n<legend>{}</legend>\n{}</fieldset>\n",
                name(purpose),
                Html.each(channels.entrySet(), channel -> {
                    var key = purpose + "/" + channel.getKey();
                    return Html.of(
                            """
                            <p class="choice"><input type="hidden" name="shown" value="{}"><label><input type="checkbox" name="on" value="{}"{}> {}</label></p>
                            """,
                            key,
                            key,
                            channel.getValue() ? new Html(" checked") : Html.NONE,
                            texts.getJsonObject("channels").getString(channel.getKey()));
                }));
    }

    /** Workspaces have names of their own for what messages are for; those that many have are translated. */
    private String name(String purpose) {
        var words = purpose.replace('-', ' ');
        return texts.getJsonObject("purposes")
                .getString(purpose, words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1));
    }

    private String text(String name) {
        return texts.getString(name);
    }

    /**
     * @param workspace null where nobody is to know
     * @param path null for a page without languages to choose from
     */
    private String frame(String title, String workspace, Html inside, String path) {
        return Html.of(
                        """
                        <!doctype html>
                        <html lang="{}" dir="{}">
                        <head>
                          <meta charset="utf-8">
                          <meta name="viewport" content="width=device-width, initial-scale=1">
                          <meta name="referrer" content="no-referrer">
                          <title>{}{}</title>
                          <link rel="stylesheet" href="/preferences/preferences.css">
                        </head>
                        <body>
                        <main>
                        {}<h1>{}</h1>
                        {}
                        </main>
                        {}
                        </body>
                        </html>
                        """,
                        language,
                        texts.getString("direction"),
                        title,
                        workspace == null ? "" : " · " + workspace,
                        workspace == null ? Html.NONE : Html.of("<p class=\"who\" dir=\"auto\">{}</p>\n", workspace),
                        title,
                        inside,
                        path == null ? Html.NONE : languages(path))
                .text();
    }

    private Html languages(String path) {
        return Html.of(
                "<nav aria-label=\"{}\"><ul>\n{}</ul></nav>",
                text("languages"),
                Html.each(
                        TEXTS.entrySet(),
                        each -> Html.of(
                                "<li><a href=\"{}\" lang=\"{}\" dir=\"{}\" hreflang=\"{}\"{}>{}</a></li>\n",
                                path + "?lang=" + each.getKey(),
                                each.getKey(),
                                each.getValue().getString("direction"),
                                each.getKey(),
                                each.getKey().equals(language) ? new Html(" aria-current=\"true\"") : Html.NONE,
                                each.getValue().getString("name"))));
    }
}
