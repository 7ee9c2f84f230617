package app.fathi.platform.jobs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which due jobs a node takes next: a pure function of what is due, what its slots do, and what everybody has had.
 *
 * <p>Lanes and workspaces alike are served by virtual time: whoever has had least, weighed, is next. Who asked for nothing
 * for a while cannot save up more than a little. Where long jobs could fill all slots, some are kept: a lane leaves the
 * others one each (as far as there are slots), and the last slot that a lane may use is for a workspace that has none.
 */
final class Scheduler {
    /** So many jobs may a workspace have at once that had few before, ahead of those that had many. */
    static final long CREDIT = 100;

    /** Slots that are kept for transactional work: one in so many. */
    private static final int TRANSACTIONAL_PART = 5;
    /** Virtual time of one turn of the lane with weight 1; all weights divide it. */
    private static final long TURN = 8;

    private final int slots;
    private final Map<Lane, Integer> kept;

    Scheduler(int slots) {
        this.slots = slots;
        this.kept = kept(slots);
    }

    /** A workspace in a lane. */
    record Seat(Lane lane, int ws) {}

    /**
     * Due jobs of one seat.
     *
     * @param jobs counted as far as there are slots
     * @param vtime where its next job starts, see {@link #start}
     * @param age of the oldest
     */
    record Ready(Lane lane, int ws, int jobs, long vtime, Duration age) {}

    /** Up to so many jobs of a seat, to be charged from {@code vtime} on. */
    record Take(Lane lane, int ws, int jobs, long vtime) {}

    /**
     * What this node's slots do, and what its lanes have had.
     *
     * @param busy slots by seat
     * @param laneTimes virtual time by lane; of no importance beyond this process
     */
    record Load(Map<Seat, Integer> busy, Map<Lane, Long> laneTimes) {
        static final Load NONE = new Load(Map.of(), Map.of());
    }

    /**
     * @param takes nothing twice
     * @param laneTimes as they are when all takes are taken
     * @param more there was more than there are slots for
     */
    record Plan(List<Take> takes, Map<Lane, Long> laneTimes, boolean more) {}

    /** Where the next job of somebody starts who is at {@code own}, when the foremost is at {@code top}. */
    static long start(long own, long top) {
        return Math.max(own, top - CREDIT);
    }

    /** How many slots each lane finds free of the others' work, if it wants them. */
    static Map<Lane, Integer> kept(int slots) {
        var kept = new EnumMap<Lane, Integer>(Lane.class);
        // With few slots some have to do without; maintenance is the last to, for all the others depend on it.
        kept.put(Lane.MAINTENANCE, slots >= 2 ? 1 : 0);
        kept.put(Lane.TRANSACTIONAL, slots >= 3 ? Math.max(1, slots / TRANSACTIONAL_PART) : 0);
        kept.put(Lane.TRIGGER, slots >= 4 ? 1 : 0);
        kept.put(Lane.CAMPAIGN, slots >= 5 ? 1 : 0);
        return kept;
    }

    /** The most slots that a workspace may have of a lane. */
    int limit(Lane lane) {
        int others = kept.entrySet().stream()
                .filter(entry -> entry.getKey() != lane)
                .mapToInt(Map.Entry::getValue)
                .sum();
        return Math.max(1, slots - others - 1);
    }

    Plan plan(Load load, List<Ready> ready) {
        return new Planning(load, ready).plan();
    }

    /** The state of one planning, job by job. */
    private final class Planning {
        private final Map<Seat, Integer> busy;
        private final Map<Lane, Integer> running = new EnumMap<>(Lane.class);
        private final Map<Lane, Long> times = new EnumMap<>(Lane.class);
        private final Map<Lane, List<Queue>> queues = new EnumMap<>(Lane.class);
        private int free = slots;

        Planning(Load load, List<Ready> ready) {
            busy = new HashMap<>(load.busy());
            for (var lane : Lane.IN_ORDER) {
                running.put(lane, 0);
                times.put(lane, load.laneTimes().getOrDefault(lane, 0L));
                queues.put(lane, new ArrayList<>());
            }
            busy.forEach((seat, count) -> {
                running.merge(seat.lane(), count, Integer::sum);
                free -= count;
            });
            ready.forEach(one -> queues.get(one.lane()).add(new Queue(one)));
        }

        Plan plan() {
            for (var next = next(); next != null; next = next()) {
                take(next);
            }
            var takes = new ArrayList<Take>();
            boolean more = false;
            for (var queue : all()) {
                more |= queue.taken < queue.ready.jobs();
                if (queue.taken > 0) {
                    takes.add(new Take(queue.ready.lane(), queue.ready.ws(), queue.taken, queue.ready.vtime()));
                }
            }
            return new Plan(takes, Map.copyOf(times), more);
        }

        private List<Queue> all() {
            return queues.values().stream().flatMap(List::stream).toList();
        }

        /** Of the lane that has had least, the workspace that has had least; null when nothing more may be taken. */
        private Queue next() {
            Queue best = null;
            for (var lane : Lane.IN_ORDER) {
                if (mayRun(lane)) {
                    var first = first(lane);
                    if (first != null && (best == null || time(lane) < time(best.ready.lane()))) {
                        best = first;
                    }
                }
            }
            return best;
        }

        /** A slot is free that is not kept for another lane. */
        private boolean mayRun(Lane lane) {
            int keptFree = 0;
            for (var other : Lane.IN_ORDER) {
                if (other != lane) {
                    keptFree += Math.max(0, kept.get(other) - running.get(other));
                }
            }
            return free > keptFree;
        }

        private Queue first(Lane lane) {
            Queue first = null;
            for (var queue : queues.get(lane)) {
                boolean open = queue.taken < queue.ready.jobs() && busy.getOrDefault(queue.seat(), 0) < limit(lane);
                if (open && (first == null || queue.comesBefore(first))) {
                    first = queue;
                }
            }
            return first;
        }

        private long time(Lane lane) {
            long top = times.values().stream().mapToLong(Long::longValue).max().orElse(0);
            return Math.max(times.get(lane), top - TURN);
        }

        private void take(Queue queue) {
            var lane = queue.ready.lane();
            times.put(lane, time(lane) + TURN / lane.weight());
            queue.taken++;
            busy.merge(queue.seat(), 1, Integer::sum);
            running.merge(lane, 1, Integer::sum);
            free--;
        }
    }

    private static final class Queue {
        private final Ready ready;
        private int taken;

        Queue(Ready ready) {
            this.ready = ready;
        }

        Seat seat() {
            return new Seat(ready.lane(), ready.ws());
        }

        boolean comesBefore(Queue other) {
            long mine = ready.vtime() + taken;
            long theirs = other.ready.vtime() + other.taken;
            return mine < theirs || mine == theirs && ready.ws() < other.ready.ws();
        }
    }
}
