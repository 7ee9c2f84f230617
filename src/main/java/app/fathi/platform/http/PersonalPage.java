package app.fathi.platform.http;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;

/** A page for one person, who has a signed link and no account; the domain that knows them draws it. */
public interface PersonalPage {
    /** What stands before the link's token. */
    String PATH = "/preferences/";

    /**
     * @param html the page; empty where {@code location} leads to another
     * @param location null, or where to go to by GET
     */
    record Answer(int status, String html, String location) {
        public Answer(int status, String html) {
            this(status, html, null);
        }

        public static Answer seeOther(String location) {
            return new Answer(303, "", location);
        }
    }

    /** Shows the page and changes nothing: mail scanners follow links, too. */
    Future<Answer> open(String token, Map<String, String> query, String acceptLanguage);

    /** @param language what the page was shown in, or null */
    Future<Answer> post(String token, Map<String, List<String>> form, String language, String acceptLanguage);
}
