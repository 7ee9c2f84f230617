package app.fathi.segments;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void who_has_become_part_of_somebody_else_is_looked_up_among_those_few_alone() {
        assertThat(Plans.onEmptyTables(PeopleStore.LIVING))
                .anyMatch(line -> line.contains("using cdp_profile_gone"))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("profile_no = asked.no"));
    }

    @Test
    void what_is_counted_of_somebody_is_looked_up_by_what_is_asked() {
        assertThat(Plans.onEmptyTables(MembershipStore.MOMENTS))
                .anyMatch(line -> line.contains("Index Cond")
                        && line.contains("profile_no = asked.no")
                        && line.contains("atom = asked.atom"));
    }

    @Test
    void what_people_did_is_found_by_their_ids_whatever_it_is_called() {
        assertThat(Plans.onEmptyTables(PeopleStore.EVENTS))
                .anyMatch(line -> line.contains("cdp_identity_by_profile"))
                .anyMatch(line -> line.contains("Index Cond") && line.contains("identity_no = i.no"));
    }

    @Test
    void members_of_a_group_are_found_by_the_group_and_those_of_a_large_one_by_their_numbers() {
        assertThat(Plans.onEmptyTables(GroupsStore.SOME)).anyMatch(line -> line.contains("cdp_profile_groups"));
        assertThat(Plans.onEmptyTables(GroupsStore.NEXT))
                .anyMatch(line -> line.contains("cdp_profile_pkey"))
                .noneMatch(line -> line.contains("cdp_profile_groups"));
    }
}
