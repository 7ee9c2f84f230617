package app.fathi.tool;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;

/** The passphrase of a backup: from the settings, else from whoever sits there. */
final class Passphrase {
    private static final int SHORTEST = 12;

    private Passphrase() {}

    /** Asked for twice, because whoever mistypes it never opens the backup. */
    static String forNew(Config config) {
        var given = config.backup().passphrase();
        if (!given.isEmpty()) {
            return given;
        }
        var first = ask("Passphrase for the backup (at least " + SHORTEST + " characters): ");
        if (first.length() < SHORTEST) {
            throw new StartException("the passphrase is shorter than " + SHORTEST + " characters");
        }
        if (!ask("The same again: ").equals(first)) {
            throw new StartException("the two passphrases differ");
        }
        return first;
    }

    static String forExisting(Config config) {
        var given = config.backup().passphrase();
        return given.isEmpty() ? ask("Passphrase of the backup: ") : given;
    }

    /** Without the other settings: a sealed file has nothing to do with an installation. */
    static String forOpening() {
        var given = System.getenv("FATHI_BACKUP_PASSPHRASE");
        return given == null || given.isEmpty() ? ask("Passphrase: ") : given;
    }

    private static String ask(String prompt) {
        var console = System.console();
        var typed = console == null ? null : console.readPassword("%s", prompt);
        if (typed == null) {
            throw new StartException("there is nobody to ask for the passphrase: set FATHI_BACKUP_PASSPHRASE");
        }
        return new String(typed);
    }
}
