package app.fathi.platform.jobs;

import java.util.Arrays;
import java.util.List;

/** Which work goes before which. Claims ask the lanes in this order. */
public enum Lane {
    /** Somebody waits for it: messages that an application asked for. */
    TRANSACTIONAL(0),
    /** Answers to what a person just did. */
    TRIGGER(1),
    /** Large sends. */
    CAMPAIGN(2),
    /** Imports, exports, sweeps. */
    MAINTENANCE(3);

    static final List<Lane> IN_ORDER = List.of(values());

    private final int code;

    Lane(int code) {
        this.code = code;
    }

    /** What the column {@code jobs.lane} holds. */
    int code() {
        return code;
    }

    static Lane of(int code) {
        return Arrays.stream(values())
                .filter(lane -> lane.code == code)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No lane has the code " + code));
    }
}
