package app.fathi.cep.message;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestDatabase;
import java.sql.DriverManager;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReasonTest {
    @Test
    void the_enum_and_the_table_that_explains_the_ledger_are_equal() throws Exception {
        try (var database = TestDatabase.create()) {
            var address = database.address();
            var table = new TreeMap<Integer, String>();
            try (var connection = DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
                    var rows = connection.createStatement().executeQuery("SELECT code, name, state FROM cep_reason")) {
                while (rows.next()) {
                    table.put(rows.getInt("code"), rows.getString("name") + " " + rows.getString("state"));
                }
            }
            var code = Arrays.stream(Reason.values())
                    .collect(Collectors.toMap(
                            reason -> (int) reason.code(),
                            reason -> reason.word() + " "
                                    + (reason.finalState() == null
                                            ? "interaction"
                                            : reason.finalState().word()),
                            (a, b) -> a,
                            TreeMap::new));
            assertThat(table).isEqualTo(code);
        }
    }

    @Test
    void a_reason_is_found_by_its_code_and_by_its_word() {
        for (var reason : Reason.values()) {
            assertThat(Reason.of(reason.code())).isEqualTo(reason);
            assertThat(Reason.of(reason.word())).isEqualTo(reason);
        }
    }
}
