package app.fathi.cep;

import java.util.List;
import java.util.UUID;

/**
 * A part of a run's frozen audience: the work of one job.
 *
 * @param profileNos ascending, never empty
 * @param subscriptions only these addresses of the people; null for all they have
 */
record Chunk(long run, int chunk, List<Integer> profileNos, List<UUID> subscriptions, boolean finished) {

    int firstProfileNo() {
        return profileNos.getFirst();
    }

    int lastProfileNo() {
        return profileNos.getLast();
    }
}
