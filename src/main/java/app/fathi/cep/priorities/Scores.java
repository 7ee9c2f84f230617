package app.fathi.cep.priorities;

import app.fathi.cdp.Profiles;
import app.fathi.cep.besttime.Habits;
import app.fathi.cep.besttime.HabitsStore;
import app.fathi.cep.besttime.HourOfWeek;
import app.fathi.cep.besttime.Likelihood;
import app.fathi.cep.policies.Policies;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

/**
 * How well channels suit people, of figures that are kept: what {@link app.fathi.cep.besttime.LearnHabitsJob} has learned, and what people
 * said. Three reads for however many people, and only where policies weigh channels.
 */
public final class Scores {
    /** Whoever said that they want it is as good as somebody who clicks a quarter more. */
    static final double WANTED = 1.25;

    private final Profiles profiles;

    public Scores(Profiles profiles) {
        this.profiles = profiles;
    }

    /** What is known of people on a channel. */
    public record Known(double weight, double usual, double[] ofAll, Map<Integer, Habits> habits, Set<Integer> wanted) {

        /**
         * @param zone where they are
         * @param fit see {@link app.fathi.cep.message.Channel#fit}
         */
        public Score of(int no, ZoneId zone, double fit, Instant now) {
            int hour = HourOfWeek.of(now, zone);
            var own = habits.getOrDefault(no, Habits.NONE);
            double engagement = Likelihood.engagement(own, ofAll);
            // So that usual x engagement x time is how likely a click of theirs is in this hour.
            double time = Likelihood.at(own, ofAll, hour) / (usual * engagement);
            return new Score(weight, usual, engagement, time, fit, wanted.contains(no) ? WANTED : 1);
        }
    }

    public Future<Known> of(SqlClient client, Run run, Policies policies, Collection<Integer> people) {
        var habits = HabitsStore.read(client, run.ws(), people);
        var all = HabitsStore.readAll(client, run.ws());
        var wanted = profiles.wanting(
                client, run.ws(), people, run.purpose(), run.channel().word());
        double weight = policies.channelWeights().getOrDefault(run.channel(), 1.0);
        return Future.all(habits, all, wanted)
                .map(read -> new Known(
                        weight,
                        Likelihood.usual(all.result()),
                        Likelihood.ofAll(all.result()),
                        habits.result(),
                        wanted.result()));
    }
}
