package app.fathi.platform.copy;

import app.fathi.platform.config.StartException;

/** Why a database cannot be copied. The message is one line for the operator. */
public final class CopyException extends StartException {
    private static final long serialVersionUID = 1L;

    public CopyException(String message) {
        super(message);
    }

    public CopyException(String message, Throwable cause) {
        super(message, cause);
    }
}
