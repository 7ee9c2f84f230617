package app.fathi.platform.security;

import java.io.IOException;

/** Why a sealed file does not open. The message goes on after the file's name, in one line. */
public final class SealedException extends IOException {
    private static final long serialVersionUID = 1L;

    SealedException(String message) {
        super(message);
    }
}
