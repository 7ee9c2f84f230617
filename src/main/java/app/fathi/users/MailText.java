package app.fathi.users;

import app.fathi.platform.http.Resource;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A mail of ours in plain text: {@code resources/mail/*.txt}, whose first line is the subject, with {@code {holes}}.
 */
record MailText(String subject, String body) {
    private static final String SUBJECT = "Subject: ";

    /** @param values for the holes; one line each, so that nobody writes our headers */
    static MailText of(String template, Map<String, String> values) {
        var text = new String(Resource.read("/mail/" + template + ".txt"), StandardCharsets.UTF_8);
        var end = text.indexOf("\n\n");
        return new MailText(
                filled(text.substring(SUBJECT.length(), end), values), filled(text.substring(end + 2), values));
    }

    /** In one pass: what is filled in is not looked at again. */
    private static String filled(String text, Map<String, String> values) {
        var filled = new StringBuilder();
        int from = 0;
        for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', from)) {
            int close = text.indexOf('}', open);
            filled.append(text, from, open)
                    .append(values.get(text.substring(open + 1, close)).replaceAll("\\p{Cntrl}", " "));
            from = close + 1;
        }
        return filled.append(text.substring(from)).toString();
    }
}
