package app.fathi.webpush;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class PlanTest {
    static final List<String> HOT =
            List.of(SubscriptionsStore.ADDRESSES, SubscriptionsStore.STILL_ACTIVE, SubscriptionsStore.OWNERS);

    /** Of these there are few, so they are found first and put in order then. */
    static final Set<String> SORTED = Set.of(SubscriptionsStore.PAGE_OF_PERSON, PushKeysStore.REPORTS);

    /** By statement: what an index condition has to hold. */
    static final Map<String, String> CONDITIONS = Map.ofEntries(
            Map.entry(SubscriptionsStore.PAGE_OF_ALL, "ws = $1"),
            Map.entry(SubscriptionsStore.PAGE_OF_ACTIVE, "ws = $1"),
            Map.entry(SubscriptionsStore.EXPORT_PAGE, "ws = $1"),
            Map.entry(SubscriptionsStore.PAGE_OF_KEY, "key_id = "),
            Map.entry(SubscriptionsStore.PAGE_OF_ENDED, "status = $4"),
            Map.entry(SubscriptionsStore.PAGE_OF_PERSON, "profile_no = $4"),
            Map.entry(SubscriptionsStore.END_OF_KEY, "key_id = $2"),
            Map.entry(PushKeysStore.REPORTS, "key_id = webpush_key.id"),
            Map.entry(SitesStore.PAGE, "ws = $1"),
            Map.entry(PromptsStore.PAGE, "ws = $1"),
            Map.entry(PromptsStore.REFUSALS, "profile_no = $2"),
            Map.entry(SubscriptionsStore.LOOK_AT_PRESENT, "endpoint_hash = wanted.hash"),
            Map.entry(SubscriptionsStore.LOCK_PRESENT, "id = wanted.id"),
            Map.entry(SubscriptionsStore.UPDATE_IMPORTED, "id = d.id"),
            Map.entry(SubscriptionsStore.LOCK_BY_ENDPOINT, "endpoint_hash = $2"),
            Map.entry(SubscriptionsStore.LOCK_BY_ID, "id = $2"),
            Map.entry(SubscriptionsStore.END, "id = ANY ($2)"),
            Map.entry(SubscriptionsStore.MOVE, "profile_no = $2"),
            Map.entry(SubscriptionsStore.ADDRESSES_OF, "profile_no = ANY ($2)"));

    @Test
    void each_statement_finds_its_rows_by_what_it_asks_for_without_any_statistics() {
        var plans = Plans.onEmptyTables(CONDITIONS.keySet());
        var faults = new ArrayList<String>();
        CONDITIONS.forEach((sql, condition) -> {
            var plan = plans.get(sql);
            var isInOrder = sql.contains("LIMIT") && !SORTED.contains(sql);
            if (isInOrder && plan.stream().anyMatch(line -> line.contains("Sort"))
                    || plan.stream().noneMatch(line -> line.contains("Index Cond") && line.contains(condition))
                    || plan.stream().anyMatch(line -> line.contains("Seq Scan"))) {
                faults.add(sql + String.join("\n", plan));
            }
        });
        assertThat(faults).isEmpty();
    }

    @ParameterizedTest
    @FieldSource("HOT")
    void lookups_by_id_find_each_row_by_its_id_without_any_statistics(String sql) {
        assertThat(Plans.onEmptyTables(sql))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("= wanted."));
    }
}
