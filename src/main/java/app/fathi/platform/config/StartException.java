package app.fathi.platform.config;

/** Why this node cannot start. The message is one line for the operator, with the remedy; nothing else is printed. */
public class StartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StartException(String message) {
        super(message);
    }

    public StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
