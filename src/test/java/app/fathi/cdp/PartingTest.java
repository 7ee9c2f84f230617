package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.cdp.LinksStore.Link;
import io.vertx.core.json.JsonArray;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PartingTest {
    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");

    private final Identity ada = user(1, "ada");
    private final Identity eve = user(2, "eve");
    private final Identity late = user(3, "late");

    @Test
    void who_was_linked_to_the_one_goes_with_it_and_its_visitors_too() {
        var visitor = visitor(4, "v", "late");
        var merge = merge(1, ada, eve);
        var parting = Parting.undo(List.of(ada, eve, late, visitor), List.of(merge, alias(2, late, ada)), merge);
        assertThat(parting.going()).containsExactlyInAnyOrder(1L, 3L, 4L);
        assertThat(parting.cut()).containsExactly(merge);
    }

    @Test
    void what_events_said_of_both_while_they_were_one_holds_no_longer() {
        var merge = merge(1, ada, eve);
        var crossing = alias(2, ada, eve);
        var parting = Parting.undo(List.of(ada, eve), List.of(merge, crossing), merge);
        assertThat(parting.going()).containsExactly(1L);
        assertThat(parting.cut()).containsExactlyInAnyOrder(merge, crossing);
    }

    @Test
    void of_two_links_that_cannot_both_hold_the_first_to_arrive_does() {
        var merge = merge(1, ada, eve);
        var first = alias(2, late, eve);
        var second = alias(3, late, ada);
        var parting = Parting.undo(List.of(ada, eve, late), List.of(merge, first, second), merge);
        assertThat(parting.going()).containsExactly(1L);
        assertThat(parting.cut()).containsExactlyInAnyOrder(merge, second);
    }

    @Test
    void of_two_merges_one_is_undone_and_the_other_stays() {
        var first = merge(1, ada, eve);
        var second = merge(2, late, ada);
        var all = List.of(ada, eve, late);
        assertThat(Parting.undo(all, List.of(first, second), first).going()).containsExactlyInAnyOrder(1L, 3L);
        assertThat(Parting.undo(all, List.of(first, second), second).going()).containsExactly(3L);
    }

    @Test
    void who_is_named_goes_with_the_visitors_that_they_have_claimed() {
        var hers = visitor(4, "v", "ada");
        var others = visitor(5, "w", "eve");
        var put = visitor(6, "x", null);
        var links = List.of(alias(1, ada, eve), merge(2, put, ada));
        var all = List.of(ada, eve, hers, others, put);
        var parting = Parting.naming(all, links, Set.of(1L));
        assertThat(parting.going()).containsExactlyInAnyOrder(1L, 4L, 6L);
        assertThat(parting.cut()).containsExactly(links.getFirst());
        assertThat(Parting.naming(all, links, Set.of(4L)).going()).containsExactly(4L);
    }

    private static Identity user(long no, String value) {
        return identity(no, Id.user(1, value), null);
    }

    private static Identity visitor(long no, String value, String claimUserId) {
        return identity(no, Id.visitor(1, value), claimUserId);
    }

    private static Identity identity(long no, Id id, String claimUserId) {
        return new Identity(
                no,
                id,
                (int) no,
                1,
                1,
                claimUserId,
                claimUserId == null ? null : NOON,
                claimUserId == null ? null : "m",
                null,
                null,
                null,
                new JsonArray(),
                false,
                "{}",
                "{}",
                "{}",
                "{}",
                NOON);
    }

    private static Link alias(long no, Identity one, Identity other) {
        return new Link(no, one.no, other.no, LinksStore.ALIAS, NOON, "m" + no, null, null, false);
    }

    private static Link merge(long no, Identity one, Identity other) {
        return new Link(no, one.no, other.no, LinksStore.MERGE, NOON, null, null, (int) one.no, false);
    }
}
