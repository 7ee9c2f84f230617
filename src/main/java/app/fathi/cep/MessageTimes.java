package app.fathi.cep;

import app.fathi.cep.audiences.Spread;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Timing;
import app.fathi.cep.runs.Run;
import app.fathi.platform.errors.ProblemException;
import java.time.Duration;
import java.time.Instant;

/** The times of a message: from when to when it makes sense, by the database's clock. Pure. */
final class MessageTimes {
    private static final Duration LONGEST_DELAY = Duration.ofDays(90);

    /** So long before it is time for the first of them people are looked for, where each gets it at an hour of their own. */
    private static final Duration AHEAD = Duration.ofMinutes(30);

    private MessageTimes() {}

    /** Fails with {@code unprocessable} when they make no sense. */
    static void check(MessageRequest request, Instant now) {
        var sendAt = request.sendAt();
        var timing = request.plan().timing();
        if (sendAt != null && timing instanceof Timing.Local) {
            throw ProblemException.unprocessable(
                    "/sendAt", "Everybody gets it at an hour of their own day: give sendAt or localHour, not both.");
        }
        if (timing instanceof Timing.Local local) {
            checkLocal(local, now);
        }
        if (request.isTransactional() && request.plan().holdoutPercent() > 0) {
            throw ProblemException.unprocessable(
                    "/holdoutPercent", "A transactional message is for everybody it is meant for: nobody is held out.");
        }
        if (sendAt != null && sendAt.isAfter(now.plus(LONGEST_DELAY))) {
            throw ProblemException.unprocessable(
                    "/sendAt", "sendAt is more than " + LONGEST_DELAY.toDays() + " days ahead.");
        }
        var start = start(request, now);
        if (request.expiresAt() != null && !request.expiresAt().isAfter(start)) {
            throw ProblemException.unprocessable("/expiresAt", "expiresAt is before the message could be sent.");
        }
        if (request.plan().cutoff() != null && !request.plan().cutoff().isAfter(start)) {
            throw ProblemException.unprocessable("/cutoff", "The cutoff is before the message could be sent.");
        }
    }

    private static void checkLocal(Timing.Local local, Instant now) {
        if (local.earliest(now).isAfter(now.plus(LONGEST_DELAY))) {
            throw ProblemException.unprocessable(
                    "/localHour/at", "The hour is more than " + LONGEST_DELAY.toDays() + " days ahead.");
        }
        if (Spread.isOver(local.latest(now), now) && local.passed() != Timing.Passed.SEND) {
            throw ProblemException.unprocessable(
                    "/localHour/at", "The hour is over everywhere in the world: nobody would get it.");
        }
    }

    /** When people are looked for, which is before the first of them gets it. */
    static Instant start(MessageRequest request, Instant now) {
        var timing = request.plan().timing();
        var sendAt = timing instanceof Timing.Local local ? local.earliest(now).minus(AHEAD) : request.sendAt();
        return sendAt == null || sendAt.isBefore(now) ? now : sendAt;
    }

    /** When nothing of it is sent any more. */
    static Instant end(MessageRequest request, Instant now) {
        var start = start(request, now);
        var timing = request.plan().timing();
        var last = timing == null ? start : later(timing.latest(start), start);
        return earlier(
                earlier(last.plus(Run.ttl(request.ttlSeconds())), request.expiresAt()),
                request.plan().cutoff());
    }

    private static Instant earlier(Instant one, Instant other) {
        return other == null || one.isBefore(other) ? one : other;
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
