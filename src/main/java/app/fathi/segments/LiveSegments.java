package app.fathi.segments;

import app.fathi.segments.rules.BehaviourKey;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.Summed;
import app.fathi.segments.rules.Test;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The dynamic segments of a workspace, ready to be asked of single people, with what leads from a change to the segments
 * that it concerns. Immutable.
 */
final class LiveSegments {
    /** Everybody is kept as a segment of its own, so that "not" can be counted by bitmaps. */
    static final int EVERYBODY = 0;

    /** Whom web push reaches, likewise. */
    static final int SUBSCRIBED = -1;

    /** What a rule that asks for messages needs among the numbered: that the ledger is ready for it. No behaviour has this key. */
    static final String MESSAGES = "messages";

    /** Of segments that nobody has made. */
    static final UUID NO_ID = new UUID(0, 0);

    /**
     * One of them.
     *
     * @param rule without names of dynamic segments: their rules stand in their place
     * @param ruleNo grows when who is meant changes
     * @param kept whether everybody was asked by this rule, so that a change is news
     * @param looks whether the rule asks for more than what somebody did: traits, tags, groups, consent, channels, the zone
     * @param groupTraits traits of groups, that the rule asks for
     * @param atoms numbers of the behaviours by which it is answered
     * @param asked what the rule asks that events come to
     */
    record Live(
            int no,
            UUID id,
            Rule rule,
            long ruleNo,
            boolean kept,
            boolean looks,
            Set<String> groupTraits,
            Set<Integer> atoms,
            Set<Summed.Asked> asked) {

        /** Sets of these are made for each person of whom there is an event: nobody reads rules to tell two of them apart. */
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return no;
        }
    }

    /** A behaviour that is counted of people: so many of the newest moments are kept. */
    record Atom(int no, Behaviour behaviour, int keep) {}

    /**
     * What events of people come to, kept by steps of time.
     *
     * @param asked by one of the rules: how far others look back that share it is no matter
     * @param longest so many seconds any of them looks back; 0 of all time
     */
    record Series(int no, Summed.Asked asked, int longest) {
        /** Steps that begin before it are behind all windows; seconds since 1970. */
        long begin(Instant now) {
            return longest == 0 ? 0 : asked.step().begin(now.minusSeconds(longest));
        }
    }

    /**
     * A row of {@code segments_atom}.
     *
     * @param keep so many of the newest moments; of what is summed up so many seconds
     */
    record Numbered(int no, int keep) {}

    private final long version;
    private final List<Live> all = new ArrayList<>();
    private final Set<Integer> numbers = new HashSet<>();
    private final Map<Behaviour, Atom> atoms = new HashMap<>();
    private final Map<Call, Set<Atom>> atomsByEvent = new HashMap<>();
    private final Map<Summed.Asked, Series> series = new HashMap<>();
    private final Map<Call, Set<Series>> seriesByEvent = new HashMap<>();
    private final Map<String, List<Live>> byTrait = new HashMap<>();
    private final Map<Call, List<Live>> byEvent = new HashMap<>();
    private final List<Live> byConsent = new ArrayList<>();
    private final List<Live> byTag = new ArrayList<>();
    private final List<Live> byGroup = new ArrayList<>();
    private final Set<String> groupTraits = new HashSet<>();
    private final Set<Live> byMessage = new HashSet<>();
    private final Set<UUID> staticSegments = new HashSet<>();

    /**
     * @param numbered atoms by {@link BehaviourKey}, and {@link #MESSAGES}. A segment whose behaviours have no number yet is
     *     not asked: the job that asks everybody gives them theirs
     */
    LiveSegments(long version, Collection<Segment.Dynamic> segments, Map<String, Numbered> numbered) {
        this.version = version;
        if (segments.stream().noneMatch(segment -> segment.no() == EVERYBODY)) {
            add(new Live(EVERYBODY, NO_ID, new Rule.And(List.of()), 1, false, false, Set.of(), Set.of(), Set.of()));
        }
        if (segments.stream().noneMatch(segment -> segment.no() == SUBSCRIBED)) {
            add(new Live(
                    SUBSCRIBED, NO_ID, new Rule.Subscribed("webpush"), 1, false, true, Set.of(), Set.of(), Set.of()));
        }
        for (var segment : segments) {
            if (needs(segment.rule()).entrySet().stream().allMatch(one -> {
                var atom = numbered.get(one.getKey());
                return atom != null && atom.keep() >= one.getValue();
            })) {
                var mentions = Mentions.of(segment.rule());
                var behaviours = counted(segment.rule()).keySet();
                behaviours.forEach(behaviour -> number(behaviour, numbered.get(BehaviourKey.of(behaviour))));
                summed(segment.rule()).forEach(asked -> number(asked, numbered.get(BehaviourKey.of(asked))));
                add(new Live(
                        segment.no(),
                        segment.id(),
                        segment.rule(),
                        segment.ruleNo(),
                        segment.kept(),
                        looks(segment.rule()),
                        mentions.groupTraits(),
                        behaviours.stream()
                                .map(behaviour -> atoms.get(behaviour).no())
                                .collect(Collectors.toUnmodifiableSet()),
                        summed(segment.rule())));
            }
        }
    }

    private void number(Behaviour behaviour, Numbered number) {
        // Rules that look back differently far share one.
        var atom = atomsByEvent.computeIfAbsent(behaviour.call(), call -> new LinkedHashSet<>()).stream()
                .filter(known -> known.no() == number.no())
                .findFirst()
                .orElseGet(() -> new Atom(number.no(), behaviour, number.keep()));
        atomsByEvent.get(behaviour.call()).add(atom);
        atoms.put(behaviour, atom);
    }

    private void number(Summed.Asked asked, Numbered number) {
        var known = seriesByEvent.computeIfAbsent(asked.behaviour().call(), call -> new LinkedHashSet<>());
        var one = known.stream()
                .filter(other -> other.no() == number.no())
                .findFirst()
                .orElseGet(() -> new Series(number.no(), asked, number.keep()));
        known.add(one);
        series.put(asked, one);
    }

    private void add(Live live) {
        all.add(live);
        numbers.add(live.no());
        var mentions = Mentions.of(live.rule());
        mentions.traits().forEach(trait -> append(byTrait, trait, live));
        if (hasDays(live.rule())) {
            append(byTrait, Known.ZONE, live);
        }
        mentions.events().forEach(event -> append(byEvent, event, live));
        if (any(live.rule(), Rule.Consented.class::isInstance)) {
            byConsent.add(live);
        }
        if (any(live.rule(), Rule.Tagged.class::isInstance)) {
            byTag.add(live);
        }
        if (any(live.rule(), Rule.InGroup.class::isInstance)) {
            byGroup.add(live);
        }
        groupTraits.addAll(mentions.groupTraits());
        if (mentions.messages()) {
            byMessage.add(live);
        }
        staticSegments.addAll(mentions.segments());
    }

    private static <K> void append(Map<K, List<Live>> lists, K key, Live live) {
        lists.computeIfAbsent(key, none -> new ArrayList<>()).add(live);
    }

    long version() {
        return version;
    }

    List<Live> all() {
        return all;
    }

    /** Those that are asked by the same rule still. */
    List<Live> still(Map<Integer, Long> ruleNos) {
        return all.stream()
                .filter(live -> Long.valueOf(live.ruleNo()).equals(ruleNos.get(live.no())))
                .toList();
    }

    /** Whether there is such a segment, by its small number. */
    boolean knows(int no) {
        return numbers.contains(no);
    }

    /** Behaviours that an event may be; none where no rule asks for it. */
    Collection<Atom> atoms(Call event) {
        return event.asked().stream()
                .flatMap(call -> atomsByEvent.getOrDefault(call, Set.of()).stream())
                .toList();
    }

    Collection<Atom> atoms() {
        return atomsByEvent.values().stream().flatMap(Set::stream).toList();
    }

    /** What an event is summed up in; none where no rule asks for that. */
    Collection<Series> series(Call event) {
        return event.asked().stream()
                .flatMap(call -> seriesByEvent.getOrDefault(call, Set.of()).stream())
                .toList();
    }

    Collection<Series> series() {
        return seriesByEvent.values().stream().flatMap(Set::stream).toList();
    }

    Series series(Summed.Asked asked) {
        return series.get(asked);
    }

    /** The number under which a behaviour is counted that a rule counts. */
    Atom atom(Behaviour behaviour) {
        return atoms.get(behaviour);
    }

    List<Live> ofTrait(String name) {
        return byTrait.getOrDefault(name, List.of());
    }

    List<Live> ofEvent(Call event) {
        return event.asked().stream()
                .flatMap(call -> byEvent.getOrDefault(call, List.of()).stream())
                .toList();
    }

    List<Live> ofConsent() {
        return byConsent;
    }

    List<Live> ofTags() {
        return byTag;
    }

    List<Live> ofGroups() {
        return byGroup;
    }

    /** Whether any of them asks for one of these traits of groups. */
    boolean askGroups(Set<String> traits) {
        return !Collections.disjoint(groupTraits, traits);
    }

    /** Whether it asks what people were sent and what they did with it. */
    boolean asksMessages(Live live) {
        return byMessage.contains(live);
    }

    /** Whether any of them does. */
    boolean askMessages() {
        return !byMessage.isEmpty();
    }

    /** Static segments that rules name. */
    Set<UUID> staticSegments() {
        return staticSegments;
    }

    // ---- what a rule needs -----------------------------------------------------------------------------------------

    /** What has to be numbered before it can be asked, and for how many moments or seconds. */
    static Map<String, Integer> needs(Rule rule) {
        var needs = new HashMap<String, Integer>();
        counted(rule).forEach((behaviour, count) -> needs.merge(BehaviourKey.of(behaviour), count, Math::max));
        summed(rule)
                .forEach(asked -> needs.merge(
                        BehaviourKey.of(asked),
                        asked.behaviour().within() == null
                                ? 0
                                : (int) asked.behaviour().within().toSeconds(),
                        Math::max));
        if (Mentions.of(rule).messages()) {
            needs.put(MESSAGES, 0);
        }
        return needs;
    }

    /** Behaviours that are decided by the newest moments, and by how many of them. */
    static Map<Behaviour, Integer> counted(Rule rule) {
        var counted = new HashMap<Behaviour, Integer>();
        visit(rule, counted, new HashSet<>());
        return counted;
    }

    /** What a rule asks that events come to: totals, and what was first. */
    static Set<Summed.Asked> summed(Rule rule) {
        var summed = new LinkedHashSet<Summed.Asked>();
        visit(rule, new HashMap<>(), summed);
        return summed;
    }

    private static void visit(Rule rule, Map<Behaviour, Integer> counted, Set<Summed.Asked> summed) {
        switch (rule) {
            case Rule.And(var rules) -> rules.forEach(one -> visit(one, counted, summed));
            case Rule.Or(var rules) -> rules.forEach(one -> visit(one, counted, summed));
            case Rule.Not(var negated) -> visit(negated, counted, summed);
            case Rule.Did(var behaviour, var count) ->
                counted.merge(
                        behaviour,
                        // One more than the upper bound tells that there are too many.
                        count.high() == Integer.MAX_VALUE ? Math.max(1, count.low()) : count.high() + 1,
                        Math::max);
            case Rule.Moment(var behaviour, boolean first, var test) -> {
                if (first) {
                    summed.add(new Summed.Asked(behaviour, null));
                } else {
                    counted.merge(behaviour, 1, Math::max);
                }
            }
            case Rule.Total total -> summed.add(new Summed.Asked(total.behaviour(), total.property()));
            case Rule.Trait trait -> {}
            case Rule.Messages messages -> {}
            case Rule.IgnoredLast ignored -> {}
            case Rule.Subscribed subscribed -> {}
            case Rule.Consented consented -> {}
            case Rule.Tagged tagged -> {}
            case Rule.InGroup group -> {}
            case Rule.Member member -> {}
        }
    }

    private static boolean hasDays(Rule rule) {
        return any(
                rule,
                one -> one instanceof Rule.Trait(var path, Test.Anniversary days)
                        || one instanceof Rule.InGroup(var group, var trait, Test.Anniversary inDays));
    }

    private static boolean looks(Rule rule) {
        return any(rule, one -> !(one instanceof Rule.Did || one instanceof Rule.Member));
    }

    private static boolean any(Rule rule, Predicate<Rule> wanted) {
        return switch (rule) {
            case Rule.And(var rules) -> rules.stream().anyMatch(one -> any(one, wanted));
            case Rule.Or(var rules) -> rules.stream().anyMatch(one -> any(one, wanted));
            case Rule.Not(var negated) -> any(negated, wanted);
            default -> wanted.test(rule);
        };
    }
}
