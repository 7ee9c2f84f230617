package app.fathi.campaigns;

import java.util.Locale;

/** How far a campaign has come; see {@link CampaignLife} for the ways from one to another. */
enum Status {
    DRAFT,
    IN_REVIEW,
    APPROVED,
    /** It goes out when its time comes. */
    SCHEDULED,
    /** It is going out, or is between two times of a recurring one. */
    RUNNING,
    PAUSED,
    COMPLETED,
    CANCELLED,
    FAILED,
    ARCHIVED;

    static Status of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Nothing is sent any more. */
    boolean isOver() {
        return this == COMPLETED || this == CANCELLED || this == FAILED || this == ARCHIVED;
    }
}
