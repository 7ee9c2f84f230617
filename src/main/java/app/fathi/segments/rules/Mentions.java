package app.fathi.segments.rules;

import app.fathi.segments.rules.Rule.Behaviour;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a rule speaks of: what has to be known of people to answer it.
 *
 * @param groupTraits traits of the groups that they are in
 * @param properties of the events, without those that lie inside them
 */
public record Mentions(
        Set<String> traits,
        Set<Rule.Call> events,
        Set<String> properties,
        Set<String> groupTraits,
        Set<UUID> segments,
        boolean messages) {

    public static final Mentions NOTHING = new Mentions(Set.of(), Set.of(), Set.of(), Set.of(), Set.of(), false);

    public static Mentions of(Rule rule) {
        var mentions = new Mentions(
                new HashSet<>(),
                new HashSet<>(),
                new HashSet<>(),
                new HashSet<>(),
                new HashSet<>(),
                asksMessages(rule));
        mentions.add(rule);
        return mentions;
    }

    private void add(Rule rule) {
        switch (rule) {
            case Rule.And and -> and.rules().forEach(this::add);
            case Rule.Or or -> or.rules().forEach(this::add);
            case Rule.Not not -> add(not.rule());
            case Rule.Trait trait -> traits.add(trait.path().root());
            case Rule.Did did -> add(did.behaviour());
            case Rule.Total total -> {
                add(total.behaviour());
                properties.add(total.property().root());
            }
            case Rule.Moment moment -> add(moment.behaviour());
            case Rule.Member member -> segments.add(member.segment());
            case Rule.Messages messages -> {}
            case Rule.IgnoredLast ignored -> {}
            case Rule.Subscribed subscribed -> {}
            case Rule.Consented consented -> {}
            case Rule.Tagged tagged -> {}
            case Rule.InGroup group -> {
                if (group.trait() != null) {
                    groupTraits.add(group.trait().root());
                }
            }
        }
    }

    private void add(Behaviour behaviour) {
        events.add(behaviour.call());
        properties.addAll(properties(behaviour));
    }

    /** Those by which it is told whether an event is meant. */
    public static Set<String> properties(Behaviour behaviour) {
        return behaviour.where().stream()
                .map(property -> property.path().root())
                .collect(Collectors.toSet());
    }

    private static boolean asksMessages(Rule rule) {
        return switch (rule) {
            case Rule.And(var rules) -> rules.stream().anyMatch(Mentions::asksMessages);
            case Rule.Or(var rules) -> rules.stream().anyMatch(Mentions::asksMessages);
            case Rule.Not(var negated) -> asksMessages(negated);
            default -> rule instanceof Rule.Messages || rule instanceof Rule.IgnoredLast;
        };
    }

    /** The rule with other rules in place of the segments that it names. */
    public static Rule replace(Rule rule, Function<Rule.Member, Rule> segment) {
        return switch (rule) {
            case Rule.And(var rules) ->
                new Rule.And(rules.stream().map(one -> replace(one, segment)).toList());
            case Rule.Or(var rules) ->
                new Rule.Or(rules.stream().map(one -> replace(one, segment)).toList());
            case Rule.Not(var negated) -> new Rule.Not(replace(negated, segment));
            case Rule.Member member -> segment.apply(member);
            default -> rule;
        };
    }
}
