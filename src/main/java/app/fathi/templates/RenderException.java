package app.fathi.templates;

/**
 * A template did not render: it broke a limit, failed, lacks what it needs of somebody, or gave up by its own {@code abort}
 * tag. A meaning, so without a trace.
 */
public final class RenderException extends RuntimeException {
    private enum Why {
        FAILED,
        ABORTED,
        MISSING
    }

    private final Why why;

    private RenderException(String message, Why why) {
        super(message, null, false, false);
        this.why = why;
    }

    static RenderException failed(String why) {
        return new RenderException(why, Why.FAILED);
    }

    static RenderException aborted(String reason) {
        return new RenderException(reason, Why.ABORTED);
    }

    static RenderException missing(String variable) {
        return new RenderException(variable, Why.MISSING);
    }

    /** The template itself decided that this person is not to get the message; the text is its reason. */
    public boolean isAborted() {
        return why == Why.ABORTED;
    }

    /** Something is not known of this person without which there is no message; the text names it. */
    public boolean isMissing() {
        return why == Why.MISSING;
    }
}
