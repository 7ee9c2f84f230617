package app.fathi.platform.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class CursorTest {
    private static final UUID LAST = UUID.fromString("01932f10-11aa-7d3e-8f00-5a5b5c5d5e5f");
    private final Cursor cursors = new Cursor(new byte[32]);

    @Test
    void the_last_page_has_no_cursor() {
        assertThat(page(list(1, null), 50).getValue("nextCursor")).isNull();
        assertThat(page(list(1, null), 50).getJsonArray("items")).hasSize(50);
    }

    @Test
    void a_full_page_leads_to_the_position_of_its_last_row() {
        var page = page(list(1, null), 51);
        assertThat(page.getJsonArray("items")).hasSize(50);
        var position = cursors.position(list(1, page.getString("nextCursor"))).orElseThrow();
        assertThat(position.number(0)).isEqualTo(49);
        assertThat(position.uuid(1)).isEqualTo(LAST);
    }

    @Test
    void a_cursor_of_another_workspace_filter_or_operation_is_refused() {
        var cursor = page(list(1, null), 51).getString("nextCursor");
        assertRefused(() -> cursors.position(list(2, cursor)));
        var filtered = list(1, cursor);
        filtered.parameters().put("status", "active");
        assertRefused(() -> cursors.position(filtered));
        assertRefused(() -> cursors.position(call("listOthers", 1, cursor)));
    }

    @Test
    void another_limit_continues_the_same_list() {
        var call = list(1, page(list(1, null), 51).getString("nextCursor"));
        call.parameters().put("limit", 10);
        assertThat(cursors.position(call)).isPresent();
    }

    @Test
    void a_forged_cursor_is_refused() {
        var cursor = page(list(1, null), 51).getString("nextCursor");
        for (var forged : List.of(
                "",
                "!",
                "AAAA",
                cursor.substring(1),
                cursor + "A",
                cursor.substring(0, cursor.length() - 4),
                "v" + cursor)) {
            assertRefused(() -> cursors.position(list(1, forged)));
        }
        assertRefused(() -> new Cursor(new byte[] {1}).position(list(1, cursor)));
    }

    private JsonObject page(Call call, int rows) {
        return cursors.page(
                call,
                IntStream.range(0, rows).boxed().toList(),
                row -> new JsonObject().put("n", row),
                row -> List.of(row, LAST));
    }

    private static void assertRefused(ThrowingCallable work) {
        assertThatThrownBy(work).isInstanceOfSatisfying(ProblemException.class, e -> assertThat(
                        e.problem().kind())
                .isEqualTo(Kind.INVALID_REQUEST));
    }

    private static Call list(int ws, String cursor) {
        return call("listThings", ws, cursor);
    }

    private static Call call(String operation, int ws, String cursor) {
        var caller = new Caller(Caller.Kind.USER, ws, LAST, LAST, "somebody", Set.of(), Set.of(), null);
        var parameters = new JsonObject().put("limit", 50).put("cursor", cursor).putNull("status");
        return new Call(operation, caller, parameters, null, null, Map.of(), "127.0.0.1", "r", 0);
    }
}
