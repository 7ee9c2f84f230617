package app.fathi;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The law that nobody is forgotten by half. */
class PeopleTablesTest {
    @Test
    void each_table_that_says_something_of_a_person_is_known_to_who_erases_people() {
        var vertx = Vertx.vertx();
        try (var database = TestDatabase.create()) {
            var found = new TreeSet<String>();
            database.pool(vertx)
                    .query(
                            """
                            SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
                              AND a.attname IN ('profile_no', 'profile_nos', 'identity_no', 'address_no', 'subscription', 'profile_id')
                            """)
                    .execute()
                    .await()
                    .forEach(row -> found.add(row.getString("relname")));
            var known = new TreeSet<String>();
            App.PEOPLE.forEach(erasable -> known.addAll(erasable.tables()));
            assertThat(found).isNotEmpty();
            assertThat(known)
                    .as(
                            "tables of people: add yours to an Erasable of its domain, with what is told and what is forgotten")
                    .containsAll(found);
        } finally {
            Closing.close(vertx);
        }
    }
}
