package app.fathi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TestDatabaseTest {
    @Test
    void each_database_is_fresh_migrated_and_gone_when_closed() {
        var first = TestDatabase.create();
        try (var second = TestDatabase.create()) {
            first.execute("CREATE TABLE mine (n int)");
            assertThatThrownBy(() -> second.execute("SELECT * FROM mine")).hasMessageContaining("does not exist");
            second.execute("SELECT * FROM flyway_schema_history");
        }
        first.close();
        assertThatThrownBy(() -> first.execute("SELECT 1")).hasMessageContaining("does not exist");
        assertThat(first.environment().get("FATHI_DB_URL")).startsWith("postgresql://127.0.0.1:");
    }
}
