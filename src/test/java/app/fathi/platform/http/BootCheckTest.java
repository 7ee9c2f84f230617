package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.permissions.Permissions;
import app.fathi.platform.config.StartException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A contract that the code does not fit refuses the start, with one line that names each difference. */
class BootCheckTest {
    private static final Contract CONTRACT = Contract.load();

    /** What the code would have to handle for the contract as it is. */
    private static Map<String, Set<String>> handlers() {
        var handlers = new HashMap<String, Set<String>>();
        CONTRACT.operations().values().forEach(operation -> handlers.computeIfAbsent(
                        operation.domain(), domain -> new HashSet<>())
                .add(operation.id()));
        return handlers;
    }

    private static String changed(String from, String to) {
        assertThat(CONTRACT.text()).contains(from);
        return CONTRACT.text().replaceFirst(java.util.regex.Pattern.quote(from), to);
    }

    private static void refused(String text, String... says) {
        assertThatThrownBy(() -> Permissions.check(Contract.parse(text)))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(says)
                .hasMessageNotContaining("\n");
    }

    @Test
    void the_contract_and_the_code_as_they_are_fit() {
        assertThatCode(() -> BootCheck.requireSame(CONTRACT, handlers())).doesNotThrowAnyException();
        assertThatCode(() -> Permissions.check(CONTRACT)).doesNotThrowAnyException();
    }

    @Test
    void an_operation_too_many_in_the_contract_is_refused() {
        var handlers = handlers();
        handlers.get("users").remove("getMe");
        handlers.remove("cdp");
        assertThatThrownBy(() -> BootCheck.requireSame(CONTRACT, handlers))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("getMe has no handler in users", "getProfile has no handler in cdp")
                .hasMessageNotContaining("\n");
    }

    @Test
    void an_operation_too_few_in_the_contract_is_refused() {
        var handlers = handlers();
        handlers.get("users").add("forgetMe");
        assertThatThrownBy(() -> BootCheck.requireSame(CONTRACT, handlers))
                .isInstanceOf(StartException.class)
                .hasMessage("openapi.yaml and the code differ: users handles forgetMe, which is not in the contract");
    }

    @Test
    void an_operation_that_another_domain_handles_is_refused() {
        var handlers = handlers();
        handlers.get("users").add("getProfile");
        assertThatThrownBy(() -> BootCheck.requireSame(CONTRACT, handlers))
                .isInstanceOf(StartException.class)
                .hasMessage("openapi.yaml and the code differ: users handles getProfile, which belongs to cdp");
    }

    @Test
    void an_operation_without_permission_audit_name_id_or_tag_is_refused() {
        refused(changed("x-permission: authenticated", "x-other: x"), "POST /api/v1/auth/logout has no x-permission");
        refused(changed("x-audit: auth.logout", "x-other: x"), "POST /api/v1/auth/logout has no x-audit");
        refused(changed("operationId: logout", "x-other: x"), "POST /api/v1/auth/logout has no operationId");
        refused(
                changed("operationId: logout\n      tags: \\[users]".replace("\\", ""), "operationId: logout"),
                "POST /api/v1/auth/logout has no tag");
    }

    @Test
    void all_faults_are_told_at_once() {
        refused(
                changed("x-permission: authenticated", "x-other: x").replace("x-audit: auth.login", "x-another: x"),
                "POST /api/v1/auth/logout has no x-permission",
                "POST /api/v1/auth/login has no x-audit");
    }

    @Test
    void an_id_that_two_operations_have_is_refused() {
        refused(changed("operationId: logout", "operationId: login"), "there are two operations login");
    }

    @Test
    void a_path_that_stands_there_twice_is_refused_and_does_not_hide_the_first() {
        refused(
                changed("  /api/v1/auth/logout:", "  /api/v1/auth/login:"),
                "cannot be read",
                "/api/v1/auth/login",
                "line ");
    }

    @Test
    void a_permission_that_nobody_could_hold_and_one_that_nobody_asks_for_are_refused() {
        refused(
                changed("x-permission: audit:export", "x-permission: audit:look"),
                "no permission is called audit:look",
                "no operation asks for audit:export");
    }
}
