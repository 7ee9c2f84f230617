package app.fathi.platform.http.docs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the contract's examples cannot know of the reader's own server: each stands in the shown code as an environment
 * variable, so the code runs as it is shown.
 */
final class Placeholders {
    static final String URL = "FATHI_URL";
    static final String API_KEY = "FATHI_KEY";
    static final String WRITE_KEY = "FATHI_WRITE_KEY";
    static final String ACCESS_TOKEN = "ACCESS_TOKEN";

    private static final String SUBSCRIPTION = "In a browser, of `(await pushManager.subscribe(…)).toJSON()`: its ";

    private static final Map<String, String> MEANINGS = meanings();
    /** What stands in the contract's examples for something of the reader's own. */
    private static final Map<String, String> BY_VALUE = byValue();

    /** The segment before {@code {id}} says whose id it is. */
    private static final Pattern OWNER = Pattern.compile("/([a-z-]+)/\\{id}");

    /** Each of these wants a template that has come so far. */
    private static final Map<String, String> TEMPLATE_STEPS = Map.of(
            "/restore", "CHANGED_TEMPLATE_ID",
            "/submit", "DRAFT_TEMPLATE_ID",
            "/approve", "WAITING_TEMPLATE_ID",
            "/reject", "DOUBTFUL_TEMPLATE_ID",
            "/archive", "OLD_TEMPLATE_ID");

    /** Each of these wants a campaign that has come so far. */
    private static final Map<String, String> CAMPAIGN_STEPS = Map.ofEntries(
            Map.entry("/submit", "DRAFT_CAMPAIGN_ID"),
            Map.entry("/approve", "WAITING_CAMPAIGN_ID"),
            Map.entry("/reject", "DOUBTFUL_CAMPAIGN_ID"),
            Map.entry("/schedule", "PLANNED_CAMPAIGN_ID"),
            Map.entry("/launch", "READY_CAMPAIGN_ID"),
            Map.entry("/pause", "RUNNING_CAMPAIGN_ID"),
            Map.entry("/resume", "PAUSED_CAMPAIGN_ID"),
            Map.entry("/cancel", "WRONG_CAMPAIGN_ID"),
            Map.entry("/finish", "ENDING_CAMPAIGN_ID"),
            Map.entry("/trigger", "TRIGGERED_CAMPAIGN_ID"),
            Map.entry("/archive", "OLD_CAMPAIGN_ID"));

    private Placeholders() {}

    private static Map<String, String> meanings() {
        var all = new LinkedHashMap<String, String>();
        all.put(URL, "Where the server is.");
        all.put(API_KEY, "A secret API key (`fsk_…`) that may do this, from `POST /api/v1/api-keys`.");
        all.put(WRITE_KEY, "The write key (`fwk_…`) of your site, as the start prints it.");
        all.put(ACCESS_TOKEN, "The `accessToken` of `POST /api/v1/auth/login`.");
        all.put("FATHI_EMAIL", "The e-mail address of your account.");
        all.put("FATHI_PASSWORD", "Its password; the first start prints the administrator's.");
        all.put("REFRESH_TOKEN", "The `refreshToken` of the last sign-in or refresh.");
        all.put("NEW_PASSWORD", "The password that you choose.");
        all.put("RESET_TOKEN", "What stands in the link of the mail behind `#reset=`.");
        all.put("INVITATION_TOKEN", "What stands in the link of an invitation behind `#invitation=`.");
        all.put("SIGN_IN_FLOW", "The `flow` of `POST /api/v1/auth/oidc/start`.");
        all.put("SIGN_IN_CODE", "The `code` of `POST /api/v1/auth/oidc/finish`, or that the page `/account` shows.");
        all.put("ENDPOINT", SUBSCRIPTION + "`endpoint`.");
        all.put("P256DH", SUBSCRIPTION + "`keys.p256dh`.");
        all.put("AUTH", SUBSCRIPTION + "`keys.auth`.");
        all.put(
                "FAILED_MESSAGE_ID",
                "The `id` of a message that is `completed` and has deliveries that failed or were skipped.");
        all.put("DYNAMIC_SEGMENT_ID", "The `id` of a segment that has a rule.");
        all.put("CHANGED_SEGMENT_ID", "The `id` of the segment that is to be what it was.");
        all.put("CHANGED_TEMPLATE_ID", "The `id` of the template that is to say what it said.");
        all.put("DRAFT_TEMPLATE_ID", "The `id` of a template that is a draft.");
        all.put("WAITING_TEMPLATE_ID", "The `id` of a template that is in review.");
        all.put("DOUBTFUL_TEMPLATE_ID", "The `id` of a template that is in review.");
        all.put("OLD_TEMPLATE_ID", "The `id` of a template that nothing is to be sent with any more.");
        all.put("ACTIVE_TEMPLATE_ID", "The `id` of a template that is approved.");
        all.put("DRAFT_CAMPAIGN_ID", "The `id` of a campaign that is a draft.");
        all.put("WAITING_CAMPAIGN_ID", "The `id` of a campaign that is in review.");
        all.put("DOUBTFUL_CAMPAIGN_ID", "The `id` of a campaign that is in review.");
        all.put("PLANNED_CAMPAIGN_ID", "The `id` of a campaign that has content, audience and a schedule.");
        all.put("READY_CAMPAIGN_ID", "The `id` of a campaign that has content and an audience.");
        all.put("RUNNING_CAMPAIGN_ID", "The `id` of a campaign that is running.");
        all.put("PAUSED_CAMPAIGN_ID", "The `id` of a campaign that is paused.");
        all.put("WRONG_CAMPAIGN_ID", "The `id` of a campaign that is not to go out any more.");
        all.put("TRIGGERED_CAMPAIGN_ID", "The `id` of a triggered campaign that is running.");
        all.put("ENDING_CAMPAIGN_ID", "The `id` of a triggered campaign that is running and is to end.");
        all.put("OLD_CAMPAIGN_ID", "The `id` of a campaign that is to be put away.");
        all.put("OWN_BROWSER_ID", "The `id` of the subscription in the browser that you use yourself.");
        all.put("DEVICE_SECRET", "The `deviceSecret` that this browser got when it subscribed.");
        all.put("LEAVING_PROFILE_ID", "The `id` of the profile that is to be forgotten for good.");
        all.put("OTHER_PROFILE_ID", "The `id` of the profile that becomes part of another.");
        return all;
    }

    private static Map<String, String> byValue() {
        var all = new LinkedHashMap<String, String>();
        all.put("admin@example.com", "FATHI_EMAIL");
        all.put("correct horse battery staple", "FATHI_PASSWORD");
        all.put("frt_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3cJ7d4tq1rYQk", "REFRESH_TOKEN");
        all.put("seven lonely lighthouses hum", "NEW_PASSWORD");
        all.put("frs_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3cJ7d4tq1rYQk", "RESET_TOKEN");
        all.put("fin_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3cJ7d4tq1rYQk", "INVITATION_TOKEN");
        all.put("https://updates.push.services.mozilla.com/wpush/v2/gAAAAABexample", "ENDPOINT");
        all.put("https://updates.push.services.mozilla.com/wpush/v2/gAAAAABrenewed", "ENDPOINT");
        all.put("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "P256DH");
        all.put("BTBZMqHH6r4Tts7J_aSIgg", "AUTH");
        all.put("01932f0e-7b30-7111-9c7a-64e0f4b1a2c3", "PUSH_KEY_ID");
        all.put("01932f20-1a2b-7c3d-8e4f-5a6b7c8d9e0f", "PUSH_KEY_ID");
        all.put("01932f30-1111-7a00-8000-0a0b0c0d0e0f", "IMPORT_ID");
        all.put("01932f10-11aa-7d3e-8f00-5a5b5c5d5e5f", "API_KEY_ID");
        all.put("01932f0e-7b1a-7cc2-8a55-0d9f2b1e4c6a", "WORKSPACE_ID");
        all.put("01932f11-21f0-7b00-9000-1a1b1c1d1e1f", "PROFILE_ID");
        all.put("01932f11-21f0-7b00-9000-2a2b2c2d2e2f", "OTHER_PROFILE_ID");
        all.put("01932f11-2200-7a00-8000-0a0b0c0d0e0f", "SUBSCRIPTION_ID");
        all.put("fds_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3c", "DEVICE_SECRET");
        all.put("01932f12-3300-7c00-a000-2a2b2c2d2e2f", "MESSAGE_ID");
        all.put("01932f13-4400-7e00-8000-4a4b4c4d4e4f", "JOB_ID");
        all.put("01932f0e-7b1c-7a41-9d0f-3b6f7a1c2d3e", "USER_ID");
        all.put("01932f30-0000-7a00-8000-000000000001", "SEGMENT_ID");
        all.put("01932f30-0000-7a00-8000-000000000002", "DYNAMIC_SEGMENT_ID");
        all.put("01932f31-1111-7a00-8000-0a0b0c0d0e0f", "SEGMENT_IMPORT_ID");
        all.put("01932fa0-0000-7a00-8000-000000000001", "CAMPAIGN_ID");
        all.put("01932f90-0000-7a00-8000-000000000001", "TEMPLATE_ID");
        all.put("01932f90-0000-7a00-8000-000000000002", "ACTIVE_TEMPLATE_ID");
        all.put("01932f92-0000-7a00-8000-000000000001", "TEMPLATE_IMAGE_ID");
        all.put("01932f91-0000-7a00-8000-000000000001", "TEMPLATE_SNIPPET_ID");
        all.put("01932f50-6600-7a00-8000-7a7b7c7d7e7f", "ROLE_ID");
        all.put("01932f60-7700-7a00-8000-8a8b8c8d8e8f", "IDENTITY_PROVIDER_ID");
        all.put("fsf_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3cJ7d4tq1rYQk", "SIGN_IN_FLOW");
        all.put("fsc_x3Jm0o0zqk0e5cUu2nX0mM3yqvXz9V3cJ7d4tq1rYQk", "SIGN_IN_CODE");
        all.put("01932f70-8800-7a00-8000-8a8b8c8d8e8f", "ERASURE_ID");
        all.put("01932f71-9900-7a00-8000-9a9b9c9d9e9f", "SUPPRESSION_ID");
        all.put("01932f80-aa00-7a00-8000-aaabacadaeaf", "SCHEMA_ID");
        all.put("01932f93-0000-7a00-8000-000000000001", "COMPUTED_TRAIT_ID");
        return all;
    }

    /** The variable that stands for a value of the contract's examples, where it is the reader's own. */
    static Optional<String> of(Object value) {
        return value instanceof String text ? Optional.ofNullable(BY_VALUE.get(text)) : Optional.empty();
    }

    /** A piece of a text: as it stands, or a variable. */
    record Part(String text, boolean isVariable) {}

    /** A path of {@link Curl#path} with its variables. */
    static List<Part> partsOfPath(String path) {
        return Stream.of(path.split("(?=\\$[A-Z])|(?<=\\$[A-Z0-9_]{1,40})(?![A-Z0-9_])"))
                .map(part -> part.startsWith("$") ? new Part(part.substring(1), true) : new Part(part, false))
                .toList();
    }

    /** A text of lines, such as a file, with its variables. */
    static List<Part> parts(String text) {
        var parts = List.of(new Part(text, false));
        for (var entry : BY_VALUE.entrySet()) {
            parts = parts.stream().flatMap(part -> split(part, entry)).toList();
        }
        return parts;
    }

    private static Stream<Part> split(Part part, Map.Entry<String, String> placeholder) {
        int at = part.isVariable() ? -1 : part.text().indexOf(placeholder.getKey());
        if (at < 0) {
            return Stream.of(part);
        }
        var before = new Part(part.text().substring(0, at), false);
        var after = new Part(part.text().substring(at + placeholder.getKey().length()), false);
        return Stream.of(Stream.of(before, new Part(placeholder.getValue(), true)), split(after, placeholder))
                .flatMap(parts -> parts)
                .filter(each -> !each.text().isEmpty());
    }

    /** The variable for the {@code {id}} in a path, by what the id is of: {@code MESSAGE_ID} in {@code /messages/{id}}. */
    static String ofPath(String path) {
        if (path.contains("/{key}")) {
            return WRITE_KEY;
        }
        var found = OWNER.matcher(path);
        if (!found.find()) {
            throw new IllegalStateException("There is no {id} in " + path);
        }
        if (path.endsWith("/resend")) {
            return "FAILED_MESSAGE_ID";
        }
        if (path.endsWith("/rebuild")) {
            return "DYNAMIC_SEGMENT_ID";
        }
        if (path.endsWith("/merge")) {
            return "OTHER_PROFILE_ID";
        }
        for (var step : TEMPLATE_STEPS.entrySet()) {
            if (path.endsWith("/templates/{id}" + step.getKey())) {
                return step.getValue();
            }
        }
        for (var step : CAMPAIGN_STEPS.entrySet()) {
            if (path.endsWith("/campaigns/{id}" + step.getKey())) {
                return step.getValue();
            }
        }
        if (path.endsWith("/restore")) {
            return "CHANGED_SEGMENT_ID";
        }
        if (path.endsWith("/erase")) {
            return "LEAVING_PROFILE_ID";
        }
        var owner = found.group(1).equals("keys") ? "push-key" : found.group(1).replaceFirst("s$", "");
        return owner.replace('-', '_').toUpperCase(Locale.ROOT) + "_ID";
    }

    /** What to put into a variable, in Markdown. */
    static String meaning(String variable) {
        return MEANINGS.getOrDefault(
                variable,
                "The `id` of the "
                        + variable.replaceFirst("_ID$", "").replace('_', ' ').toLowerCase(Locale.ROOT) + ".");
    }
}
