package app.fathi.cep.besttime;

/**
 * How likely, about, a click is at each hour of somebody's week: what they did themselves, and where that says little what everybody does. Pure.
 *
 * <p>An hour says something of its neighbours, too: of an hour before or after much, of the same hour on another day half as much (on weekdays of weekdays,
 * at weekends of weekends) or little. Twenty clicks would say nothing of 168 hours otherwise.
 */
public final class Likelihood {
    /** Hours before and after that an hour still says something of. */
    private static final int REACH = 3;

    private static final double SPREAD_HOURS = 1;
    private static final double LIKE_DAY = 0.5;
    private static final double OTHER_DAY = 0.15;
    private static final int DAYS = 7;
    private static final int FIRST_OF_WEEKEND = 5;

    /** What is believed of a workspace of which nothing is known: that one message in ten is clicked, worth as much as so many hours tried. */
    private static final double NOBODYS = 0.1;

    private static final double WORKSPACE_STRENGTH = 20;

    /** As many hours tried as what everybody does is worth beside what somebody does themselves. */
    private static final double STRENGTH = 4;

    /** Clicks that would be expected of a person until they are believed to click less than others. */
    private static final double LEVEL_STRENGTH = 1;

    /** For each hour: the hours it says something of, and how much. */
    private static final int[][] NEIGHBOURS = new int[HourOfWeek.COUNT][];

    private static final double[][] WEIGHTS = new double[HourOfWeek.COUNT][];

    /** For each hour how much each other one says of it. */
    private static final float[][] SAID = new float[HourOfWeek.COUNT][HourOfWeek.COUNT];

    static {
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            NEIGHBOURS[hour] = new int[DAYS * (2 * REACH + 1)];
            WEIGHTS[hour] = new double[NEIGHBOURS[hour].length];
            int at = 0;
            for (int away = -REACH; away <= REACH; away++) {
                int near = Math.floorMod(hour + away, HourOfWeek.COUNT);
                for (int days = 0; days < DAYS; days++) {
                    NEIGHBOURS[hour][at] = (near + days * HourOfWeek.HOURS) % HourOfWeek.COUNT;
                    WEIGHTS[hour][at++] = Math.exp(-away * away / (2 * SPREAD_HOURS * SPREAD_HOURS))
                            * (days == 0
                                    ? 1
                                    : isWeekend(near) == isWeekend(near + days * HourOfWeek.HOURS)
                                            ? LIKE_DAY
                                            : OTHER_DAY);
                }
            }
            for (int i = 0; i < NEIGHBOURS[hour].length; i++) {
                SAID[NEIGHBOURS[hour][i]][hour] += (float) WEIGHTS[hour][i];
            }
        }
    }

    private Likelihood() {}

    private static boolean isWeekend(int hour) {
        return hour / HourOfWeek.HOURS % DAYS >= FIRST_OF_WEEKEND;
    }

    /** Of everybody in the workspace, whatever the hour. */
    public static double usual(Habits all) {
        double tried = 0;
        double liked = 0;
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            tried += all.tried()[hour];
            liked += all.liked()[hour];
        }
        return (liked + NOBODYS * WORKSPACE_STRENGTH) / (tried + WORKSPACE_STRENGTH);
    }

    /** Of everybody in the workspace. */
    public static double[] ofAll(Habits all) {
        double usual = usual(all);
        var smoothTried = smooth(all.tried());
        var smoothLiked = smooth(all.liked());
        var likely = new double[HourOfWeek.COUNT];
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            likely[hour] = (smoothLiked[hour] + usual * WORKSPACE_STRENGTH) / (smoothTried[hour] + WORKSPACE_STRENGTH);
        }
        return likely;
    }

    /**
     * Of one person.
     *
     * @param ofAll {@link #ofAll}; what is answered for who has done nothing
     */
    public static double[] of(Habits person, double[] ofAll) {
        if (person.isEmpty()) {
            return ofAll;
        }
        double level = level(person, ofAll);
        var smoothTried = smooth(person.tried());
        var smoothLiked = smooth(person.liked());
        var likely = new double[HourOfWeek.COUNT];
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            likely[hour] = (smoothLiked[hour] + ofAll[hour] * level * STRENGTH) / (smoothTried[hour] + STRENGTH);
        }
        return likely;
    }

    /** The same of one hour alone. */
    public static double at(Habits person, double[] ofAll, int hour) {
        if (person.isEmpty()) {
            return ofAll[hour];
        }
        double tried = 0;
        double liked = 0;
        for (int other = 0; other < HourOfWeek.COUNT; other++) {
            tried += person.tried()[other] * SAID[hour][other];
            liked += person.liked()[other] * SAID[hour][other];
        }
        return (liked + ofAll[hour] * level(person, ofAll) * STRENGTH) / (tried + STRENGTH);
    }

    /** How often somebody clicks, beside what everybody would have done in the same hours; 1 for who has done nothing. */
    public static double engagement(Habits person, double[] ofAll) {
        double expected = 0;
        double liked = 0;
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            expected += person.tried()[hour] * ofAll[hour];
            liked += person.liked()[hour];
        }
        return (liked + LEVEL_STRENGTH) / (expected + LEVEL_STRENGTH);
    }

    /**
     * Who clicks less than others likes hours that were never tried less, too; who clicks more has shown it of those that were.
     */
    private static double level(Habits person, double[] ofAll) {
        return Math.min(1, engagement(person, ofAll));
    }

    private static double[] smooth(double[] counts) {
        var smooth = new double[HourOfWeek.COUNT];
        for (int hour = 0; hour < HourOfWeek.COUNT; hour++) {
            if (counts[hour] != 0) {
                for (int i = 0; i < NEIGHBOURS[hour].length; i++) {
                    smooth[NEIGHBOURS[hour][i]] += counts[hour] * WEIGHTS[hour][i];
                }
            }
        }
        return smooth;
    }
}
