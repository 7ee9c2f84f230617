package app.fathi.platform.jobs;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Which work goes before which: where all have work, each lane gets turns by its weight, and the first go first. */
public enum Lane {
    /** Somebody waits for it: messages that an application asked for. */
    TRANSACTIONAL(0, 8),
    /** Answers to what a person just did. */
    TRIGGER(1, 4),
    /** Large sends. */
    CAMPAIGN(2, 2),
    /** Imports, exports, sweeps. */
    MAINTENANCE(3, 1);

    static final List<Lane> IN_ORDER = List.of(values());

    private final int code;
    private final int weight;

    Lane(int code, int weight) {
        this.code = code;
        this.weight = weight;
    }

    /** What the column {@code jobs.lane} holds. */
    int code() {
        return code;
    }

    /** Turns among those of all lanes. */
    int weight() {
        return weight;
    }

    /** The name in answers and metrics. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The name of the lane with this code. */
    public static String words(int code) {
        return of(code).word();
    }

    static Lane of(int code) {
        return Arrays.stream(values())
                .filter(lane -> lane.code == code)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No lane has the code " + code));
    }
}
