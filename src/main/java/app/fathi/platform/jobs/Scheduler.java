package app.fathi.platform.jobs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which due jobs a node takes next: a pure function of what is due, what its slots do, and what everybody has had.
 *
 * <p>Lanes and workspaces alike are served by virtual time: whoever has had least, weighed, is next. Who asked for nothing
 * for a while cannot save that up: a lane that comes back starts where those that waited are, a workspace at most a little
 * before the foremost. Where long jobs could fill all slots, some are kept: a lane leaves the others one each (as far as
 * there are slots), and the last slot that a lane may use is for a workspace that has none.
 */
final class Scheduler {
    /** So many jobs may a workspace have at once that had few before, ahead of those that had many. */
    static final long CREDIT = 20;

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
    record Seat(Lane lane, int ws) {
        static Seat of(Job job) {
            return new Seat(job.lane(), job.ws());
        }
    }

    /**
     * Due jobs of one seat.
     *
     * @param jobs counted up to one more than there are free slots
     * @param vtime where its next job starts, see {@link #start}
     * @param age of the oldest
     */
    record Ready(Lane lane, int ws, int jobs, long vtime, Duration age) {}

    /** Up to so many jobs of a seat, to be charged from {@code vtime} on. */
    record Take(Lane lane, int ws, int jobs, long vtime) {}

    /**
     * What the lanes of a node have had. Of no importance beyond its process.
     *
     * @param times virtual time by lane
     * @param waiting lanes that had more to do than they got
     */
    record Turns(Map<Lane, Long> times, Set<Lane> waiting) {
        static final Turns NONE = new Turns(Map.of(), Set.of());

        private long time(Lane lane) {
            return times.getOrDefault(lane, 0L);
        }

        /** Where a lane starts that nobody has had to wait for: with those that waited, or level with the foremost. */
        private long now(Set<Lane> ready) {
            var waited = waiting.stream()
                    .filter(ready::contains)
                    .mapToLong(this::time)
                    .min();
            return waited.orElseGet(() ->
                    times.values().stream().mapToLong(Long::longValue).max().orElse(0));
        }

        private Map<Lane, Long> starts(Set<Lane> ready) {
            long now = now(ready);
            var starts = new EnumMap<Lane, Long>(Lane.class);
            for (var lane : Lane.IN_ORDER) {
                boolean back = ready.contains(lane) && !waiting.contains(lane);
                starts.put(lane, back ? Math.max(time(lane), now) : time(lane));
            }
            return starts;
        }
    }

    /** What a node's slots do, and what its lanes have had. */
    record Load(Map<Seat, Integer> busy, Turns turns) {
        static final Load NONE = new Load(Map.of(), Turns.NONE);
    }

    /**
     * @param takes nothing twice
     * @param turns as they are when all takes are taken
     * @param more there was more than there are slots for
     */
    record Plan(List<Take> takes, Turns turns, boolean more) {}

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
        private final Map<Lane, Long> times;
        private final Map<Lane, List<Queue>> queues = new EnumMap<>(Lane.class);
        private int free = slots;

        Planning(Load load, List<Ready> ready) {
            busy = new HashMap<>(load.busy());
            for (var lane : Lane.IN_ORDER) {
                running.put(lane, 0);
                queues.put(lane, new ArrayList<>());
            }
            busy.forEach((seat, count) -> {
                running.merge(seat.lane(), count, Integer::sum);
                free -= count;
            });
            var lanes = EnumSet.noneOf(Lane.class);
            ready.forEach(one -> {
                lanes.add(one.lane());
                queues.get(one.lane()).add(new Queue(one));
            });
            times = load.turns().starts(lanes);
        }

        Plan plan() {
            for (var next = next(); next != null; next = next()) {
                take(next);
            }
            var takes = new ArrayList<Take>();
            var waiting = EnumSet.noneOf(Lane.class);
            for (var queue : all()) {
                if (queue.taken < queue.ready.jobs()) {
                    waiting.add(queue.ready.lane());
                }
                if (queue.taken > 0) {
                    takes.add(new Take(queue.ready.lane(), queue.ready.ws(), queue.taken, queue.ready.vtime()));
                }
            }
            return new Plan(takes, new Turns(Map.copyOf(times), Set.copyOf(waiting)), !waiting.isEmpty());
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
                    if (first != null && (best == null || times.get(lane) < times.get(best.ready.lane()))) {
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
                if (open && (first == null || comesBefore(queue, first))) {
                    first = queue;
                }
            }
            return first;
        }

        private boolean comesBefore(Queue one, Queue other) {
            int byTime = Long.compare(one.vtime(), other.vtime());
            if (byTime != 0) {
                return byTime < 0;
            }
            int bySlots = Integer.compare(busy.getOrDefault(one.seat(), 0), busy.getOrDefault(other.seat(), 0));
            return bySlots != 0 ? bySlots < 0 : one.ready.ws() < other.ready.ws();
        }

        private void take(Queue queue) {
            var lane = queue.ready.lane();
            times.merge(lane, TURN / lane.weight(), Long::sum);
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

        long vtime() {
            return ready.vtime() + taken;
        }
    }
}
