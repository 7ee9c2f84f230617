package app.fathi.templates;

/** A template did not render: it broke a limit, failed, or gave up by its own {@code abort} tag. A meaning, so without a trace. */
public final class RenderException extends RuntimeException {
    private final boolean aborted;

    private RenderException(String message, boolean aborted) {
        super(message, null, false, false);
        this.aborted = aborted;
    }

    static RenderException failed(String why) {
        return new RenderException(why, false);
    }

    static RenderException aborted(String reason) {
        return new RenderException(reason, true);
    }

    /** The template itself decided that this person is not to get the message; the text is its reason. */
    public boolean isAborted() {
        return aborted;
    }
}
