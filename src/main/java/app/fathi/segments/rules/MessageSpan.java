package app.fathi.segments.rules;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;

/**
 * From when until when a message counts for a rule.
 *
 * @param until itself not included; null for ever
 */
record MessageSpan(Instant from, Instant until) {

    /** Those of all messages that ever count. */
    static List<MessageSpan> of(Rule.Messages rule, Person person) {
        return person.messages().stream()
                .filter(rule.which()::means)
                .map(one -> of(rule, one))
                .filter(Objects::nonNull)
                .toList();
    }

    private static MessageSpan of(Rule.Messages rule, Person.Message one) {
        var at =
                switch (rule.was()) {
                    case SENT, IGNORED -> one.sent();
                    case SHOWN -> one.shown();
                    case CLICKED -> one.clicked();
                    case CLOSED -> one.closed();
                };
        if (at == null) {
            return null;
        }
        var from = at.plus(rule.olderThan());
        var until = rule.within() == null ? null : at.plus(rule.within()).plus(1, ChronoUnit.MICROS);
        if (rule.was() == Rule.Reaction.IGNORED && one.clicked() != null) {
            until = until == null || one.clicked().isBefore(until) ? one.clicked() : until;
        }
        return until != null && !from.isBefore(until) ? null : new MessageSpan(from, until);
    }

    boolean contains(Instant moment) {
        return !moment.isBefore(from) && (until == null || moment.isBefore(until));
    }
}
