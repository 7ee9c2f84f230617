package app.fathi.platform.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.db.Migrations;
import app.fathi.testing.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** A move believes nothing that it has not compared. */
class MoveComparisonTest {
    /** In the target: one value becomes another on its way in, and the number of rows stays. */
    private static final String ALTERS =
            """
            CREATE FUNCTION alter_one() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.name = 'gone' THEN NEW.state := 'skipped'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER alter_one BEFORE INSERT ON cep_reason FOR EACH ROW EXECUTE FUNCTION alter_one();
            """;

    @Test
    void one_changed_value_is_noticed_and_nothing_was_moved() throws SQLException {
        try (var source = TestDatabase.create();
                var target = TestDatabase.create()) {
            source.execute("INSERT INTO security_epoch VALUES (1, 42)");
            target.execute(ALTERS);
            var versions = Migrations.standing(source.address()).applied();
            assertThatThrownBy(() -> Move.run(source.address(), target.address(), versions))
                    .isInstanceOf(CopyException.class)
                    .hasMessageContaining("cep_reason is not the same")
                    .hasMessageContaining("nothing was moved");
            assertThat(epochs(target)).isZero();

            target.execute("DROP TRIGGER alter_one ON cep_reason");
            assertThat(Move.run(source.address(), target.address(), versions).rows())
                    .isPositive();
            assertThat(epochs(target)).isEqualTo(1);
        }
    }

    private static int epochs(TestDatabase database) throws SQLException {
        try (var connection = database.address().connect();
                var row = connection.createStatement().executeQuery("SELECT count(*) FROM security_epoch")) {
            row.next();
            return row.getInt(1);
        }
    }
}
