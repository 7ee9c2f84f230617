package app.fathi.cep.sending;

import app.fathi.cep.decisions.Candidate;
import app.fathi.cep.decisions.Decided;
import app.fathi.cep.message.BatchItem;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Channel.Outgoing;
import app.fathi.cep.message.DeliveryKey;
import app.fathi.cep.message.Reason;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.Run;
import app.fathi.templates.RenderException;
import app.fathi.templates.Wording;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides for one delivery after another of a run: reachable, render, size. CPU alone, called on the send pool. */
public final class Decider {
    private static final Logger LOG = LoggerFactory.getLogger(Decider.class);

    private final Sending sending;
    private final Run run;
    private final Channel channel;
    private final Supplier<Instant> now;
    /** Nobody's traits are needed. */
    private final boolean constant;
    /** What a template says; null where the content is all there is. */
    private final Wording wording;

    /** @param wording as {@link #wording} found it for the run */
    Decider(Sending sending, Run run, Chunk chunk, Wording wording, Supplier<Instant> now) {
        this.sending = sending;
        this.run = run;
        this.channel = sending.channel(run.channel());
        this.now = now;
        this.constant = chunk.isConstant(run, sending.renderer());
        this.wording = wording;
    }

    /** What a run's template says; null where its content is all there is. Mostly at hand, and read anew where it is not. */
    public static Future<Wording> wording(Sending sending, Run run) {
        return run.isFilled()
                ? sending.templates()
                        .wording(
                                sending.transactions().pool(),
                                run.ws(),
                                run.pin().template(),
                                run.pin().version())
                : Future.succeededFuture();
    }

    Decided decide(Candidate candidate) {
        if (candidate.address() == null) {
            return Decided.not(candidate, Reason.NO_SUBSCRIPTION);
        }
        if (candidate.attempts() >= sending.settings().attempts()) {
            // Whoever tried it died, again and again.
            return Decided.not(candidate, Reason.INTERNAL);
        }
        var heldUntil = channel.heldUntil(candidate.address());
        if (heldUntil != null) {
            return Decided.later(candidate, heldUntil);
        }
        if (!constant && candidate.traits() == null) {
            return Decided.not(candidate, Reason.NOT_IN_AUDIENCE);
        }
        try {
            var outgoing = outgoing(candidate, content(candidate));
            var composed = channel.compose(outgoing);
            return new Decided(candidate, composed.fault(), null, outgoing, composed);
        } catch (RenderException e) {
            // Without the exception's text: it may quote the person's traits.
            LOG.debug("Message {} does not render for person {}", run.id(), candidate.profileNo());
            return Decided.not(candidate, e.isMissing() ? Reason.MISSING_VARIABLE : Reason.TEMPLATE_ABORTED);
        } catch (RuntimeException e) {
            LOG.error("Message {} cannot be composed for person {}", run.id(), candidate.profileNo(), e);
            return Decided.not(candidate, Reason.INTERNAL);
        }
    }

    private JsonObject content(Candidate candidate) {
        if (constant) {
            return BatchItem.content(run.content(), candidate.own());
        }
        var data = candidate.own() == null ? null : candidate.own().getJsonObject("data");
        if (wording == null) {
            var variables = new JsonObject().put("traits", candidate.traits()).put("data", data);
            return sending.renderer().render(BatchItem.content(run.content(), candidate.own()), variables);
        }
        var filling = run.pin().filling();
        var content =
                wording.content(filling, candidate.traits(), candidate.address().language());
        return sending.renderer()
                .render(
                        BatchItem.content(content, candidate.own()),
                        wording.variables(filling, data, candidate.traits()));
    }

    private Outgoing outgoing(Candidate candidate, JsonObject content) {
        var instant = now.get();
        long left = Math.max(0, Duration.between(instant, run.expiresAt()).toSeconds());
        return new Outgoing(
                run.ws(),
                candidate.id(),
                run.tracking() ? token(candidate, instant) : null,
                content,
                candidate.address(),
                run.expiresAt(),
                (int) Math.min(run.ttlSeconds(), left),
                run.urgency(),
                run.topic(),
                candidate.attempts() + 1,
                run.isTransactional());
    }

    private String token(Candidate candidate, Instant instant) {
        return sending.tokens()
                .sign(
                        new DeliveryKey(run.ws(), run.run(), 0, candidate.profileNo(), candidate.rank()),
                        instant.plus(Duration.ofDays(sending.trackTokenDays())));
    }
}
