package app.fathi.cep.sending;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.advisor.Advisor;
import app.fathi.cep.advisor.Question;
import app.fathi.cep.decisions.Candidate;
import app.fathi.cep.policies.PolicyBook.Laws;
import app.fathi.cep.priorities.Score;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What of a run the workspace's own service is asked. Each person is asked about once while a chunk is sent, however many devices
 * they have and in however many sub-batches these fall.
 */
final class Inquiry {
    private final Sending sending;
    private final Run run;
    private final Map<Integer, Advice> said = new HashMap<>();
    /** Of the run's template; null until it is needed. */
    private Future<String> category;

    Inquiry(Sending sending, Run run) {
        this.sending = sending;
        this.run = run;
    }

    /** What was never posted is asked about. What was goes on: the word that it was posted on still stands. */
    static boolean isAsked(Candidate candidate) {
        return candidate.attempts() == 0;
    }

    /** Who is asked about the run; empty for nobody. */
    Future<Optional<Advisor>> advisor() {
        return run.isTransactional()
                ? Future.succeededFuture(Optional.empty())
                : sending.advisors().of(run.ws()).map(found -> found.filter(one -> one.isAsked(run.purpose())));
    }

    /** All that is known by then of the run's people, these included; of people who are no more nothing is asked. */
    Future<Map<Integer, Advice>> ask(
            Advisor advisor, Map<Integer, Score> people, Laws laws, Instant now, boolean dryRun) {
        var unasked = new LinkedHashMap<>(people);
        unasked.keySet().removeAll(said.keySet());
        if (unasked.isEmpty()) {
            return Future.succeededFuture(Map.copyOf(said));
        }
        return question(unasked, laws, now, dryRun).compose(of -> {
            if (of.question.people().isEmpty()) {
                return Future.succeededFuture(Map.copyOf(said));
            }
            return sending.advisors().ask(advisor, of.question).map(answered -> {
                answered.forEach((id, advice) -> said.put(of.numbers.get(id), advice));
                return Map.copyOf(said);
            });
        });
    }

    /** @param numbers of its people, by their public ids */
    record Of(Question question, Map<UUID, Integer> numbers) {}

    Future<Of> question(Map<Integer, Score> people, Laws laws, Instant now, boolean dryRun) {
        var ids = sending.profiles().ids(sending.transactions().pool(), run.ws(), people.keySet());
        return Future.all(ids, category()).map(both -> {
            var numbers = new HashMap<UUID, Integer>();
            var asked = new ArrayList<Question.Person>();
            ids.result().forEach((no, id) -> {
                numbers.put(id, no);
                var score = people.get(no);
                var suits = new HashMap<String, JsonObject>();
                suits.put(run.channel().word(), score == null ? null : score.toJson());
                asked.add(new Question.Person(id, now.atZone(laws.zone(no)).toOffsetDateTime(), suits));
            });
            return new Of(new Question(message(category.result(), dryRun), asked), numbers);
        });
    }

    private Question.Message message(String ofTemplate, boolean dryRun) {
        var pin = run.pin();
        return new Question.Message(
                run.id(),
                run.plan().campaign(),
                run.purpose(),
                run.tag(),
                run.plan().priority(),
                pin == null ? null : new Question.Template(pin.template(), pin.version(), ofTemplate),
                run.expiresAt(),
                dryRun);
    }

    private Future<String> category() {
        if (category == null || category.failed()) {
            var pin = run.pin();
            category = pin == null
                    ? Future.succeededFuture("")
                    : sending.templates()
                            .category(sending.transactions().pool(), run.ws(), pin.template(), pin.version());
        }
        return category;
    }
}
