package app.fathi.users;

import java.util.Optional;

/**
 * What Main tells the operator when it is ready.
 *
 * @param writeKey the first workspace's browser key, for the snippet
 * @param printedPassword the administrator's password when it was made up just now: shown this once, kept nowhere
 * @param adminEmail the administrator of the first start
 */
public record FirstRun(String writeKey, Optional<String> printedPassword, String adminEmail) {

    /** Without the password: this may end in a log. */
    @Override
    public String toString() {
        return "FirstRun[writeKey=" + writeKey + "]";
    }
}
