package app.fathi.cep.decisions;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.Policies;
import app.fathi.cep.policies.PolicyRules.Asked;
import app.fathi.cep.policies.PolicyRules.Person;
import app.fathi.cep.priorities.Score;
import app.fathi.cep.stops.Stops;
import java.time.Instant;

/**
 * All that is known of one delivery when it is decided.
 *
 * @param policies {@link Policies#NONE} for a transactional message
 * @param left the person is no more among whom the message was meant for
 * @param duplicate the person got another message that is the same thing, or this one as somebody who is a part of them by now
 * @param refusal what the person, or the list of whom nothing is sent to, says; null for nothing
 * @param active the address is active still, and theirs
 * @param quotaSpent the workspace may begin nothing more
 * @param score how well the channel suits the person; null where that is not asked
 * @param advice what the workspace's own service says of the person; null where it is not asked
 */
public record Situation(
        Stops stops,
        Policies policies,
        Person person,
        Asked asked,
        Decided decided,
        boolean left,
        boolean duplicate,
        Reason refusal,
        boolean active,
        boolean quotaSpent,
        Instant now,
        Score score,
        Advice advice) {

    /** The same where the workspace may begin nothing more. */
    public Situation withoutQuota() {
        return new Situation(
                stops, policies, person, asked, decided, left, duplicate, refusal, active, true, now, score, advice);
    }

    boolean isStopped() {
        var address = decided.candidate().address();
        return address == null ? stops.anything() : stops.stop(address);
    }

    boolean isReachable() {
        return decided.candidate().address() != null && active;
    }
}
