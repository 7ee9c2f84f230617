package app.fathi.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.Node;
import java.util.Map;

/** What a node says of its event loops from now on: Vert.x looks after them. */
final class EventLoops {
    /** Settings of a node that tells when one is held up for more than 200 ms. */
    static final Map<String, String> WATCHED = Map.of("FATHI_LOG_BLOCKED_MILLIS", "200");

    private static final String COMPLAINT = "has been blocked for";

    private final Node node;
    private final int before;

    private EventLoops(Node node) {
        this.node = node;
        this.before = node.process().output().size();
    }

    static EventLoops of(Node node) {
        return new EventLoops(node);
    }

    void wereNeverBlocked() {
        var said = node.process().output();
        assertThat(said.subList(before, said.size()))
                .as("lines of the node")
                .noneMatch(line -> line.contains(COMPLAINT) && line.contains("eventloop"));
    }
}
