package app.fathi.platform.jobs;

import app.fathi.platform.jobs.Scheduler.Seat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** The slots of a node: which are free, and for whom the others work. Belongs to one event loop. */
final class Workers {
    private final Deque<JobWorker> free = new ArrayDeque<>();
    private final Map<Seat, Integer> busy = new HashMap<>();

    void add(JobWorker worker) {
        free.push(worker);
    }

    int free() {
        return free.size();
    }

    Map<Seat, Integer> busy() {
        return busy;
    }

    /** There is one: no more jobs are claimed than are free. */
    JobWorker takeFor(Seat seat) {
        busy.merge(seat, 1, Integer::sum);
        return free.pop();
    }

    void giveBack(JobWorker worker, Seat seat) {
        busy.computeIfPresent(seat, (same, count) -> count == 1 ? null : count - 1);
        free.push(worker);
    }
}
