package app.fathi.platform.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CountedTest {
    private static final UUID ADA = new UUID(0, 1);
    private final Counted counted = new Counted();

    private static AuditEvent event(UUID actor, String object) {
        return new AuditEvent(
                1, "profile.read", "success", "user", actor, "Ada", "profile", object, "192.0.2.1", "r", null, null);
    }

    @Test
    void the_first_ten_reads_of_a_minute_are_told_one_by_one_and_the_rest_as_their_number() {
        for (int i = 0; i < 35; i++) {
            counted.addRead(event(ADA, "person-" + i), 7);
        }
        counted.addRead(event(new UUID(0, 2), "person-1"), 7);
        assertThat(counted.take(7)).hasSize(11);
        assertThat(counted.take(7)).isEmpty();
        var sum = counted.take(8);
        assertThat(sum).hasSize(1);
        assertThat(sum.getFirst().after()).isEqualTo(new JsonObject().put("count", 25L));
        assertThat(sum.getFirst().objectId()).as("they were of many").isNull();
        assertThat(counted.take(9)).isEmpty();
    }

    @Test
    void attempts_count_for_each_thing_that_was_tried() {
        for (var object : List.of("a", "b")) {
            for (int i = 0; i < 12; i++) {
                counted.addAttempt(event(ADA, object), 7);
            }
        }
        assertThat(counted.take(7)).hasSize(20);
        assertThat(counted.take(8)).extracting(AuditEvent::objectId).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void a_new_minute_begins_with_ten_of_its_own() {
        for (int i = 0; i < 11; i++) {
            counted.addRead(event(ADA, "x"), 7);
        }
        for (int i = 0; i < 11; i++) {
            counted.addRead(event(ADA, "x"), 8);
        }
        assertThat(counted.take(8)).as("ten, their rest, and ten").hasSize(21);
    }
}
