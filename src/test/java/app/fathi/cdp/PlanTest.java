package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class PlanTest {
    /** All partitions by their index: the plan is made once, when there is nothing in them. */
    @Test
    void whether_an_event_came_before_is_looked_up_by_its_hash() {
        assertThat(Plans.onEmptyTables(ProfilesStore.UNSEEN))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("hash = ANY ("))
                .noneMatch(line -> line.contains("Seq Scan on ingest_seen"));
    }

    static final List<String> HOT =
            List.of(IdentitiesStore.LOCK_IDENTITIES, ProfilesStore.NUMBERS_BY_IDS, ProfilesStore.NUMBERS_BY_USER_IDS);

    @Test
    void what_was_said_of_an_id_is_looked_up_by_its_number() {
        assertThat(Plans.onEmptyTables(IdentitiesStore.WORDS))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("= wanted."))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("identity_no = cdp_identity.no"))
                .noneMatch(line -> line.contains("Seq Scan on cdp_"));
    }

    @Test
    void ids_that_are_told_are_looked_up_by_themselves() {
        assertThat(Plans.onEmptyTables(BondsStore.NEWS))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("value = n.value"));
        for (var sql : List.of(BondsStore.TELL, BondsStore.SHARING)) {
            assertThat(Plans.onEmptyTables(sql))
                    .anyMatch(line -> line.contains("Index Cond") && line.contains("value = "))
                    .noneMatch(line -> line.contains("Seq Scan on cdp_bond"));
        }
    }

    @Test
    void whether_a_person_has_too_many_ids_is_asked_of_that_persons_ids_alone() {
        assertThat(Plans.onEmptyTables(IdentitiesStore.CROWDED))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("profile_no = asked.no"));
    }

    @ParameterizedTest
    @FieldSource("HOT")
    void lookups_by_id_find_each_row_by_its_id_without_any_statistics(String sql) {
        assertThat(Plans.onEmptyTables(sql))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("= wanted."));
    }
}
