package app.fathi.cep.besttime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** People with habits that we know, and what is learned of them by sending to them. */
class LikelihoodTest {
    private static final Instant START = Instant.parse("2026-08-03T00:00:00Z");
    private static final int PEOPLE = 400;
    private static final int DAYS = 120;

    private final Random random = new Random(20261127);

    /**
     * Somebody who looks at their phone mostly around one hour of the day, at weekends around another.
     *
     * @param interest how likely a message is to interest them
     */
    private record Somebody(int weekday, int weekend, double interest) {
        int best(int hour) {
            return hour / 24 >= 5 ? weekend : weekday;
        }

        /** How likely they look at their phone in that hour. */
        double looks(int hour) {
            int away = Math.abs(hour % 24 - best(hour));
            int circle = Math.min(away, 24 - away);
            return 0.02 + 0.6 * Math.exp(-circle * circle / 2.0);
        }

        /** What they do with a message: one that has just come is noticed more often than one that lies there. */
        Reaction reaction(Instant at, Random random) {
            int first = HourOfWeek.of(at, ZoneOffset.UTC);
            if (random.nextDouble() < interest) {
                for (int age = 0; age < 24; age++) {
                    double looks = looks((first + age) % HourOfWeek.COUNT);
                    if (random.nextDouble() < (age == 0 ? 1 - (1 - looks) * (1 - looks) : looks / 2)) {
                        return new Reaction(
                                at, at, at.plus(Duration.ofMinutes(60L * age + random.nextInt(age == 0 ? 50 : 59))));
                    }
                }
            }
            return new Reaction(at, at, null);
        }
    }

    private List<Somebody> everybody() {
        return IntStream.range(0, PEOPLE)
                .mapToObj(no -> {
                    boolean evening = random.nextInt(10) < 7;
                    int hour = (int) Math.round((evening ? 20 : 8) + 2 * random.nextGaussian());
                    return new Somebody(
                            Math.floorMod(hour, 24),
                            Math.floorMod(hour + random.nextInt(3), 24),
                            0.2 + 0.6 * random.nextDouble());
                })
                .toList();
    }

    private static int best(double[] likely, int fromHour) {
        return IntStream.range(fromHour, fromHour + 24)
                .boxed()
                .max((one, other) -> Double.compare(likely[one], likely[other]))
                .orElseThrow();
    }

    /** What is found out about people: after how many clicks, and how many hours from the truth. */
    private record Found(TreeMap<Integer, List<Integer>> hoursAway) {
        double share(int clicks) {
            var all = hoursAway.get(clicks);
            return all.stream().filter(away -> away <= 1).count() / (double) all.size();
        }
    }

    private static final int TUESDAY = 24;
    private static final int SATURDAY = 5 * 24;

    /**
     * One message a day for each, at what is believed their best hour; one in ten at any hour.
     *
     * @param random1in one in so many goes at any hour; 0 for none
     */
    private Found live(List<Somebody> people, int random1in) {
        var found = new TreeMap<Integer, List<Integer>>();
        var all = new Habits.Sum(Habits.NONE);
        var own = new ArrayList<Habits.Sum>();
        var clicks = new int[people.size()];
        people.forEach(one -> own.add(new Habits.Sum(Habits.NONE)));
        for (int day = 0; day < DAYS; day++) {
            var ofAll = Likelihood.ofAll(all.habits());
            for (int no = 0; no < people.size(); no++) {
                var likely = Likelihood.of(own.get(no).habits(), ofAll);
                int hour = random1in > 0 && random.nextInt(random1in) == 0
                        ? random.nextInt(24)
                        : best(likely, day % 7 * 24) % 24;
                var at = START.plus(Duration.ofDays(day))
                        .plus(Duration.ofHours(hour))
                        .plusSeconds(random.nextInt(600));
                var reaction = people.get(no).reaction(at, random);
                reaction.count(own.get(no), ZoneOffset.UTC);
                reaction.count(all, ZoneOffset.UTC);
                if (reaction.clicked() != null && ++clicks[no] % 5 == 0) {
                    var now = Likelihood.of(own.get(no).habits(), Likelihood.ofAll(all.habits()));
                    for (int from : new int[] {TUESDAY, SATURDAY}) {
                        int away =
                                Math.abs(best(now, from) % 24 - people.get(no).best(from));
                        found.computeIfAbsent(clicks[no], none -> new ArrayList<>())
                                .add(Math.min(away, 24 - away));
                    }
                }
            }
        }
        return new Found(found);
    }

    @Test
    void after_twenty_clicks_the_hour_is_within_one_of_the_best() {
        var found = live(everybody(), 10);
        assertThat(found.share(20)).as("within an hour after twenty clicks").isGreaterThan(0.9);
        assertThat(found.share(40)).as("and it becomes no worse").isGreaterThan(0.93);
    }

    @Test
    void of_who_has_done_nothing_it_is_the_hour_of_all() {
        var all = new Habits.Sum(Habits.NONE);
        for (var one : everybody()) {
            for (int day = 0; day < 30; day++) {
                one.reaction(START.plus(Duration.ofHours(24L * day + random.nextInt(24))), random)
                        .count(all, ZoneOffset.UTC);
            }
        }
        var ofAll = Likelihood.ofAll(all.habits());
        assertThat(best(ofAll, TUESDAY) % 24)
                .as("the evening, which most like best")
                .isBetween(19, 21);
        assertThat(Likelihood.of(Habits.NONE, ofAll)).isEqualTo(ofAll);
    }

    /** Who counts clicks alone finds the hour in which most was sent. */
    @Test
    void an_hour_is_not_the_best_because_more_is_sent_in_it() {
        var sum = new Habits.Sum(Habits.NONE);
        for (int day = 0; day < 80; day++) {
            var morning = START.plus(Duration.ofHours(24L * day + 9));
            new Reaction(morning, null, day % 5 == 0 ? morning.plusSeconds(60) : null).count(sum, ZoneOffset.UTC);
            if (day % 7 == 0) {
                var evening = START.plus(Duration.ofHours(24L * day + 20));
                new Reaction(evening, null, evening.plusSeconds(60)).count(sum, ZoneOffset.UTC);
            }
        }
        var habits = sum.habits();
        double morning = 0;
        double evening = 0;
        for (int day = 0; day < 7; day++) {
            morning += habits.liked()[day * 24 + 9];
            evening += habits.liked()[day * 24 + 20];
        }
        assertThat(morning).as("more clicks in the morning").isGreaterThan(evening);
        assertThat(best(Likelihood.of(habits, Likelihood.ofAll(Habits.NONE)), TUESDAY) % 24)
                .as("but nearly each message of the evening was clicked")
                .isEqualTo(20);
    }

    /** We send in the morning alone. What is clicked is clicked in the evening, because it lies there still. */
    @Test
    void hours_are_learned_of_at_which_nothing_was_ever_sent() {
        var sum = new Habits.Sum(Habits.NONE);
        for (int day = 0; day < 30; day++) {
            var at = START.plus(Duration.ofHours(24L * day + 9));
            new Reaction(at, at, day % 3 == 0 ? at.plus(Duration.ofHours(11)) : null).count(sum, ZoneOffset.UTC);
        }
        assertThat(best(Likelihood.of(sum.habits(), Likelihood.ofAll(Habits.NONE)), TUESDAY) % 24)
                .isEqualTo(20);
    }

    @Test
    void an_hour_that_disappoints_falls_behind_those_that_were_never_tried() {
        var sum = new Habits.Sum(Habits.NONE);
        var tried = START.plus(Duration.ofHours(9));
        for (int week = 0; week < 6; week++) {
            new Reaction(tried.plus(Duration.ofDays(7L * week)), null, null).count(sum, ZoneOffset.UTC);
        }
        var likely = Likelihood.of(sum.habits(), Likelihood.ofAll(Habits.NONE));
        assertThat(likely[9]).isLessThan(likely[3 * 24 + 9]).isLessThan(likely[6]);
    }

    @Test
    void a_change_of_habits_is_learned_within_a_few_months() {
        var sum = new Habits.Sum(Habits.NONE);
        for (int day = 0; day < 240; day++) {
            int hour = day < 120 ? 8 : 21;
            var at = START.plus(Duration.ofHours(24L * day + hour - 1));
            new Reaction(at, null, at.plus(Duration.ofMinutes(90))).count(sum, ZoneOffset.UTC);
        }
        assertThat(best(Likelihood.of(sum.habits(), Likelihood.ofAll(Habits.NONE)), TUESDAY) % 24)
                .isBetween(20, 22);
    }
}
