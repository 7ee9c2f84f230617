package app.fathi.cep;

import app.fathi.cep.advisor.Advisors;
import app.fathi.cep.advisor.Question;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/** Asks a workspace's own service once about one person, and shows all that goes over the wire. Nothing is sent. */
public final class AdvisorTrial {
    private static final String USUAL_PURPOSE = "marketing";

    private final Transactions transactions;
    private final Explain explain;
    private final Advisors advisors;

    public AdvisorTrial(Transactions transactions, Explain explain, Advisors advisors) {
        this.transactions = transactions;
        this.explain = explain;
        this.advisors = advisors;
    }

    Future<Reply> test(Call call) {
        var json = call.json().copy();
        return advisors.of(call.ws()).compose(found -> {
            var advisor = found.orElseThrow(() ->
                    ProblemException.conflict("There is no decision service. Set one: PUT /cep/decision-service."));
            var asked = advisor.purposes() == null
                    ? USUAL_PURPOSE
                    : advisor.purposes().stream().sorted().findFirst().orElse(USUAL_PURPOSE);
            json.put("purpose", json.getString("purpose", asked));
            if (!advisor.isAsked(json.getString("purpose"))) {
                throw ProblemException.unprocessable(
                        "/purpose", "The decision service is not asked about messages of this purpose.");
            }
            return explain.requirePurpose(call.ws(), json.getString("purpose"))
                    .compose(allowed -> question(call.ws(), json))
                    .compose(question -> advisors.trial(advisor, question))
                    .map(Reply::ok);
        });
    }

    private Future<Question> question(int ws, JsonObject json) {
        var client = transactions.pool();
        return explain.person(client, ws, json).compose(no -> RunsStore.clock(client)
                .compose(clock -> explain.question(client, ws, no, Explain.request(json), clock)));
    }
}
