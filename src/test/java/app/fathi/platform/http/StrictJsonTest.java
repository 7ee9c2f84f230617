package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StrictJsonTest {

    @Test
    void a_name_stands_once_in_an_object_however_deep_also_where_its_value_is_null() {
        for (var json : List.of(
                "{\"a\":1,\"a\":1}",
                "{\"a\":null,\"a\":1}",
                "{\"a\":1,\"\\u0061\":2}",
                "{\"b\":[{\"c\":{\"a\":1,\"a\":2}}]}")) {
            assertThatThrownBy(() -> StrictJson.object(Buffer.buffer(json)))
                    .as(json)
                    .isInstanceOfSatisfying(ProblemException.class, refused -> assertThat(
                                    refused.problem().detail())
                            .contains("Duplicate field 'a'", "line 1, column "));
        }
        var same = "{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}}";
        assertThat(StrictJson.object(Buffer.buffer(same))).isEqualTo(new JsonObject(same));
    }

    @Test
    void elements_of_the_list_are_as_long_as_they_were_sent() {
        var elements = List.of("{ \"a\" : \"ß€\\u00e9\" }", "7", "\"x\"", "[1, [2]]", "{}", "true", "-1.5e3");
        var json = "{\"list\": [1], \"batch\" : [ " + String.join(" ,\n", elements) + " ], \"c\": {\"batch\": [1, 2]}}";
        var apart = StrictJson.apart(Buffer.buffer(json), "batch");
        assertThat(apart.unreadable()).isEmpty();
        assertThat(apart.octets()).isEqualTo(octets(elements));
        assertThat(apart.object()).isEqualTo(new JsonObject(json));
    }

    @Test
    void what_cannot_be_read_is_told_of_its_element_alone_and_measured_with_the_others() {
        var elements = List.of("{\"a\":1}", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "{\"ü\":\"\\u0000\"}", "12");
        var apart = StrictJson.apart(Buffer.buffer("{\"batch\":[" + String.join(",", elements) + "]}"), "batch");
        assertThat(apart.octets()).isEqualTo(octets(elements));
        assertThat(apart.unreadable()).containsOnlyKeys(1, 2, 3);
        assertThat(apart.unreadable().get(1)).contains("Duplicate field 'a'");
        assertThat(apart.object())
                .isEqualTo(new JsonObject(
                        Map.of("batch", new JsonObject("{\"x\":[{\"a\":1},null,null,null,12]}").getJsonArray("x"))));
    }

    private static List<Integer> octets(List<String> texts) {
        return texts.stream()
                .map(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .toList();
    }
}
