package app.fathi.platform.config;

/** A setting that cannot be used. The message is one line for the operator: which key, which value, what is allowed. */
public final class ConfigException extends StartException {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        super(message);
    }
}
