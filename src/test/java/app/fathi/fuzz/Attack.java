package app.fathi.fuzz;

import java.util.List;

/**
 * One hostile request.
 *
 * @param what is hostile in it
 * @param target path and query as they stand in the request line
 * @param headers whole lines, without credential
 * @param body null for none
 */
record Attack(String what, String method, String target, List<String> headers, byte[] body) {
    String path() {
        return target.split("\\?", 2)[0];
    }

    /** The client said that something else follows than did. A path that cannot be read ends the connection, too. */
    boolean breaksConnection() {
        return what.equals(Attacks.NO_GZIP) || path().matches(".*%(?![0-9a-fA-F]{2}).*");
    }

    @Override
    public String toString() {
        var shown = body == null ? "" : new String(body, java.nio.charset.StandardCharsets.ISO_8859_1);
        return what + ": " + method + " " + cut(target) + " "
                + headers.stream().map(Attack::cut).toList() + " " + cut(shown);
    }

    private static String cut(String text) {
        return text.length() <= 300 ? text : text.substring(0, 300) + "… (" + text.length() + ")";
    }
}
