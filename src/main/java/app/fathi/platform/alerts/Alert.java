package app.fathi.platform.alerts;

import java.util.Locale;

/**
 * Something that stays wrong until a person does something about it.
 *
 * @param ws whose; 0 for the whole installation
 * @param object which thing is wrong, at most {@value #OBJECT_CHARACTERS} characters: alerts of one kind about one thing are one
 * @param text what happened, at most {@value #TEXT_CHARACTERS} characters. Neither a secret nor personal: it is mailed
 */
public record Alert(int ws, Kind kind, String object, String text) {
    /** No single workspace's. */
    public static final int INSTALLATION = 0;

    private static final int OBJECT_CHARACTERS = 200;
    private static final int TEXT_CHARACTERS = 500;

    /** Each has a heading in {@code docs/operations.md}. Words are told to others: none is ever changed. */
    public enum Kind {
        /** A push service does not take one of our keys. */
        PUSH_KEY_REFUSED,
        /** Every attempt of a job failed. */
        JOB_DIED,
        /** A record of a stream that its reader cannot digest. */
        RECORD_SET_ASIDE,
        /** The audit trail is not as it was written. */
        AUDIT_FAULT,
        /** Lines of the audit trail wait to be chained. */
        AUDIT_LATE;

        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public Alert {
        object = cut(object, OBJECT_CHARACTERS);
        text = cut(text, TEXT_CHARACTERS);
    }

    /** One line, so that nobody writes our headers or our log. */
    private static String cut(String text, int characters) {
        var line = text.replaceAll("\\p{Cntrl}", " ");
        return line.length() <= characters ? line : line.substring(0, characters - 1) + "…";
    }
}
