package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;

import app.fathi.testing.Browser;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** Prompts as a visitor finds them on a page: by their names. */
final class Prompts {
    /** Whether the file that shows prompts came. */
    static final String LOADED =
            "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/sdk/fathi-prompts.js'))";

    private Prompts() {}

    static JsonObject banner(String name) {
        return new JsonObject()
                .put("name", name)
                .put("kind", "banner")
                .put(
                        "texts",
                        new JsonArray()
                                .add(text(
                                        "de",
                                        "Neues zuerst wissen?",
                                        "Etwa einmal in der Woche.",
                                        "Ja, gern",
                                        "Nicht jetzt"))
                                .add(text(
                                        "en",
                                        "Be the first to know?",
                                        "About once a week, and off again whenever you like.",
                                        "Yes, please",
                                        "Not now"))
                                .add(text("ar", "هل تريد أن تعرف أولا؟", "مرة في الأسبوع تقريبا.", "نعم", "ليس الآن")));
    }

    static JsonObject bell(String name) {
        return new JsonObject()
                .put("name", name)
                .put("kind", "bell")
                .put(
                        "texts",
                        new JsonArray()
                                .add(
                                        text(
                                                        "en",
                                                        "Notifications",
                                                        "Shall we tell you when something is new?",
                                                        "Yes, tell me",
                                                        null)
                                                .put("subscribed", "You will hear from us.")
                                                .put("unsubscribe", "Stop it")
                                                .put(
                                                        "blocked",
                                                        "Your browser blocks them. Allow them in its settings for this site.")));
    }

    private static JsonObject text(String language, String title, String body, String accept, String refuse) {
        var text = new JsonObject()
                .put("language", language)
                .put("title", title)
                .put("body", body)
                .put("accept", accept);
        return refuse == null ? text : text.put("refuse", refuse);
    }

    static boolean isThere(Browser.Page page, String name) {
        return (Boolean) page.evaluate(
                "!!document.querySelector('[data-fathi=\"%s\"]:not([hidden])')?.shadowRoot.querySelector('.card, .bell')"
                        .formatted(name));
    }

    static void await(Browser.Page page, String name) {
        eventually("the prompt " + name, () -> isThere(page, name), there -> there);
    }

    /** What an element in it says. */
    static String text(Browser.Page page, String name, String selector) {
        return (String)
                page.evaluate("document.querySelector('[data-fathi=\"%s\"]').shadowRoot.querySelector('%s').textContent"
                        .formatted(name, selector));
    }

    /** Of a bell. */
    static String state(Browser.Page page, String name) {
        return (String) page.evaluate(
                "document.querySelector('[data-fathi=\"%s\"]').shadowRoot.querySelector('.bell').dataset.state"
                        .formatted(name));
    }

    /** Waits until the page has looked whether there is one to show. */
    static void settle(Browser.Page page) {
        page.evaluate("fathi.prompt('there is none of this name').catch(() => {})");
        page.evaluate("fathi.subscription().then(() => new Promise((resolve) => setTimeout(resolve, 300)))");
    }

    /** The visitor opens the page anew, so many days after they refused. */
    static void comeBack(Browser.Page page, int days) {
        page.evaluate(
                """
                (() => {
                  const refusals = JSON.parse(localStorage['fathi.refusals']);
                  localStorage['fathi.refusals'] = JSON.stringify({ ...refusals, at: Date.now() - %d * 86400000 });
                })()"""
                        .formatted(days));
        page.reload();
        settle(page);
    }
}
