package app.fathi.platform.retention;

import app.fathi.platform.config.Config;
import java.util.function.ToIntFunction;

/** What is kept for a time: the words of the contract, and the limits of the installation. */
public enum Kind {
    EVENTS("eventsDays", "retention.eventsDays", config -> config.retention().eventsDays()),
    MESSAGES("messagesDays", "retention.messagesDays", config -> config.retention()
            .messagesDays()),
    FINISHED_JOBS("finishedJobsDays", "jobs.keepDays", config -> config.jobs().keepDays()),
    DEAD_LETTERS("deadLettersDays", "jobs.deadKeepDays", config -> config.jobs().deadKeepDays()),
    AUDIT("auditDays", "audit.keepDays", config -> config.audit().keepDays());

    private final String word;
    private final String setting;
    private final ToIntFunction<Config> longest;

    Kind(String word, String setting, ToIntFunction<Config> longest) {
        this.word = word;
        this.setting = setting;
        this.longest = longest;
    }

    /** What a workspace calls it, and progress of a job. */
    public String word() {
        return word;
    }

    /** What an operator calls it. */
    public String setting() {
        return setting;
    }

    /** How many days the installation keeps it, which no workspace exceeds. */
    public int longest(Config config) {
        return longest.applyAsInt(config);
    }
}
