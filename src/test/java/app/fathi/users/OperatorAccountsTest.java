package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whom an operator lets in, and as what. */
class OperatorAccountsTest {
    private TestDatabase database;
    private Connection connection;

    @BeforeEach
    void two_workspaces_of_which_one_has_a_role_of_its_own() throws SQLException {
        database = TestDatabase.create();
        connection = database.address().connect();
        database.execute(
                """
                INSERT INTO users_workspace (id, name, timezone, language, identity_key)
                VALUES (gen_random_uuid(), 'Main', 'UTC', 'en', ''), (gen_random_uuid(), 'Other', 'UTC', 'en', '');
                INSERT INTO roles_role (id, ws, name, description, tags, permissions, parents, created_by, updated_by)
                VALUES (gen_random_uuid(), 1, 'night-shift', '', '{}', '{jobs:read}', '{}', gen_random_uuid(), gen_random_uuid())
                """);
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
        database.close();
    }

    private String create(int ws, String role) throws SQLException {
        return OperatorAccounts.create(connection, Config.of(Map.of()), ws, "grace@example.com", "Grace", role);
    }

    @Test
    void somebody_is_invited_with_a_role_that_the_workspace_has_made() throws SQLException {
        assertThat(create(1, "night-shift")).contains("/account#invitation=");
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT role FROM roles_assignment WHERE ws = 1")) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getString(1)).isEqualTo("night-shift");
        }
    }

    private List<String> trail(int ws) throws SQLException {
        try (var statement = connection.createStatement();
                var rows =
                        statement.executeQuery("SELECT operation FROM audit_event WHERE ws = " + ws + " ORDER BY id")) {
            var found = new ArrayList<String>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        }
    }

    @Test
    void a_reset_says_where_no_password_lets_in_and_opens_it_on_request_alone() throws SQLException {
        create(1, "administrator");
        database.execute(
                "UPDATE users_workspace SET password_sign_in = false; UPDATE users_membership SET invited = false");
        var config = Config.of(Map.of());
        var told = OperatorAccounts.reset(connection, config, "grace@example.com", false, false);
        assertThat(told.url()).contains("/account#reset=");
        assertThat(told.closed()).containsExactly("Main");
        assertThat(told.opened()).isEmpty();
        assertThat(trail(1)).containsExactly("user.invite", "auth.password-reset");
        var opened = OperatorAccounts.reset(connection, config, "grace@example.com", false, true);
        assertThat(opened.closed()).isEmpty();
        assertThat(opened.opened()).containsExactly("Main");
        assertThat(trail(1)).endsWith("auth.password-reset", "workspace.update");
        assertThat(trail(2)).as("where they do not belong").isEmpty();
        assertThat(OperatorAccounts.reset(connection, config, "grace@example.com", false, false)
                        .closed())
                .isEmpty();
    }

    @Test
    void a_wrong_name_or_another_workspaces_role_is_refused_with_those_that_there_are() {
        assertThatThrownBy(() -> create(1, "day-shift"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("there is no role day-shift")
                .hasMessageContaining("administrator")
                .hasMessageEndingWith("night-shift");
        assertThatThrownBy(() -> create(2, "night-shift"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("there is no role night-shift in that workspace")
                .hasMessageContaining("integrator");
    }
}
