package app.fathi.cep.besttime;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * For each hour of the week how often messages could have been clicked, and how often they were: of one person, or of everybody. What is old counts
 * less: half after {@link #HALF_LIFE_DAYS}. Immutable. Pure.
 *
 * @param day up to which it is counted, since 1970; whatever is counted for another is scaled to it
 * @param tried {@link HourOfWeek#COUNT} numbers
 * @param liked as many
 */
public record Habits(long day, double[] tried, double[] liked) {
    static final int HALF_LIFE_DAYS = 60;

    public static final Habits NONE = new Habits(0, new double[HourOfWeek.COUNT], new double[HourOfWeek.COUNT]);

    /** What is less is forgotten. */
    private static final double LEAST = 0.01;

    private static final int MAP_OCTETS = HourOfWeek.COUNT / Byte.SIZE;

    /** A person's hours as they were counted; {@code day} is that of what was counted last. */
    static final class Sum {
        private long day;
        private final double[] tried;
        private final double[] liked;

        Sum(Habits before) {
            day = before.day;
            tried = before.tried.clone();
            liked = before.liked.clone();
        }

        void tried(int hour, long on, double weight) {
            double counts = weight * at(on);
            tried[hour] += counts;
        }

        void liked(int hour, long on, double weight) {
            double counts = weight * at(on);
            liked[hour] += counts;
        }

        /** What something of that day counts by now; a later day becomes now. */
        private double at(long on) {
            if (on > day) {
                double kept = kept(on - day);
                scale(tried, kept);
                scale(liked, kept);
                day = on;
            }
            return kept(day - on);
        }

        private static void scale(double[] all, double by) {
            for (int i = 0; i < all.length; i++) {
                all[i] *= by;
            }
        }

        Habits habits() {
            return new Habits(day, tried.clone(), liked.clone());
        }
    }

    private static double kept(long days) {
        return Math.pow(0.5, (double) days / HALF_LIFE_DAYS);
    }

    public boolean isEmpty() {
        return day == 0;
    }

    /** With what two have done who are one. */
    Habits and(Habits other) {
        return sum(List.of(this, other));
    }

    static Habits sum(Collection<Habits> all) {
        var sum = new Sum(NONE);
        for (var one : all) {
            if (!one.isEmpty()) {
                for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
                    sum.tried(hour, one.day, one.tried[hour]);
                    sum.liked(hour, one.day, one.liked[hour]);
                }
            }
        }
        return sum.habits();
    }

    // --- as a row keeps it -------------------------------------------------------------------------------------------

    /** The day, which hours there are, and two short floating point numbers for each: at most 697 octets. */
    byte[] octets() {
        var out = ByteBuffer.allocate(Integer.BYTES + MAP_OCTETS + HourOfWeek.COUNT * 2 * Short.BYTES);
        out.putInt((int) day).position(Integer.BYTES + MAP_OCTETS);
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            if (tried[hour] >= LEAST || liked[hour] >= LEAST) {
                int place = Integer.BYTES + hour / Byte.SIZE;
                out.put(place, (byte) (out.get(place) | 1 << hour % Byte.SIZE));
                out.putShort(Float.floatToFloat16((float) tried[hour]))
                        .putShort(Float.floatToFloat16((float) liked[hour]));
            }
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    static Habits of(byte[] octets) {
        if (octets.length == 0) {
            return NONE;
        }
        var in = ByteBuffer.wrap(octets);
        long day = in.getInt();
        in.position(Integer.BYTES + MAP_OCTETS);
        var tried = new double[HourOfWeek.COUNT];
        var liked = new double[HourOfWeek.COUNT];
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            if ((octets[Integer.BYTES + hour / Byte.SIZE] & 1 << hour % Byte.SIZE) != 0) {
                tried[hour] = Float.float16ToFloat(in.getShort());
                liked[hour] = Float.float16ToFloat(in.getShort());
            }
        }
        return new Habits(day, tried, liked);
    }
}
