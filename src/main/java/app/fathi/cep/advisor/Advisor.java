package app.fathi.cep.advisor;

import java.net.URI;
import java.util.List;
import java.util.Set;

/**
 * A workspace's own service, as a node knows it.
 *
 * @param version of its settings
 * @param purposes of which messages it is asked; null for all but transactional ones
 * @param secrets with which questions are signed; two while one takes the place of the other
 */
public record Advisor(int ws, int version, URI url, Set<String> purposes, List<byte[]> secrets) {
    static final String TRANSACTIONAL = "transactional";

    /** Whether it is asked about messages of this purpose. */
    public boolean isAsked(String purpose) {
        return !purpose.equals(TRANSACTIONAL) && (purposes == null || purposes.contains(purpose));
    }
}
