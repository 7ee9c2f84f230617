package app.fathi.cep.advisor;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.advisor.Advice.Kind;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SaidTest {
    private static final UUID ADA = new UUID(0, 1);
    private static final UUID BOB = new UUID(0, 2);

    private static Question about(UUID... people) {
        return new Question(
                new Question.Message(new UUID(0, 9), null, "marketing", null, 50, null, Instant.EPOCH, false),
                Arrays.stream(people)
                        .map(id -> new Question.Person(
                                id,
                                OffsetDateTime.parse("2026-11-02T10:00:00.5+01:00"),
                                Collections.singletonMap("webpush", null)))
                        .toList());
    }

    private static Map<UUID, Advice> read(String body) {
        return Said.read(about(ADA, BOB), Buffer.buffer(body.replace('\'', '"').replace("ADA", ADA.toString())))
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'id':'ADA','channel':'webpush'} | CHANNEL",
                "{'id':'ADA','channel':null} | DECLINED",
                "{'id':'ADA'} | INVALID",
                "{'id':'ADA','channel':false} | INVALID",
                "{'id':'ADA','channel':{}} | INVALID",
                "{'id':'ADA','channel':'sms'} | UNKNOWN_CHANNEL",
                "{'id':'ADA','channel':''} | UNKNOWN_CHANNEL",
                "{'id':'ADA','channel':'webpush','more':[1]} | CHANNEL",
                "{'id':'ADA','channel':'webpush'},{'id':'ADA','channel':null} | INVALID",
                "{'id':'00000000-0000-0000-0000-000000000007','channel':null} | MISSING",
                "{'id':7,'channel':null} | MISSING",
                "{'id':'you','channel':null} | MISSING",
                "null | MISSING",
                "[] | MISSING",
                "7 | MISSING"
            })
    void what_is_said_of_a_person_is_followed_where_it_can_be_and_is_wrong_of_that_one_alone(String said, Kind kind) {
        var all = read("{'decisions':[" + said + ",{'id':'" + BOB + "','channel':null}]}");
        assertThat(all).containsOnlyKeys(ADA, BOB);
        assertThat(all.get(ADA).kind()).isEqualTo(kind);
        assertThat(all.get(BOB).kind()).isEqualTo(Kind.DECLINED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no",
                "[]",
                "null",
                "{",
                "{}",
                "{\"decisions\":{}}",
                "{\"decisions\":null}",
                "\"x\"",
                "{\"decisions\":[}"
            })
    void an_answer_that_is_none_says_nothing_at_all(String body) {
        assertThat(Said.read(about(ADA), Buffer.buffer(body))).isEmpty();
    }

    @Test
    void nothing_so_deep_or_broken_gets_further() {
        assertThat(Said.read(about(ADA), Buffer.buffer("[".repeat(200_000)))).isEmpty();
        assertThat(Said.read(about(ADA), Buffer.buffer("{\"decisions\":" + "[".repeat(200_000))))
                .isEmpty();
        assertThat(Said.read(about(ADA), Buffer.buffer(new byte[] {(byte) 0xff, 0, 1})))
                .isEmpty();
    }

    @Test
    void reasons_are_kept_on_one_line_and_of_bounded_length_and_survive_their_octets() {
        var words = new JsonObject()
                .put("id", ADA.toString())
                .putNull("channel")
                .put("score", 0.25)
                .put("reason", " bought\n\u0000yesterday \ud83d\ude00" + "x".repeat(500));
        var advice = Said.read(
                        about(ADA),
                        new JsonObject().put("decisions", List.of(words)).toBuffer())
                .orElseThrow()
                .get(ADA);
        assertThat(advice.reason()).startsWith("bought  yesterday \ud83d\ude00x");
        assertThat(advice.reason().codePointCount(0, advice.reason().length())).isLessThanOrEqualTo(200);
        assertThat(advice.score()).isEqualTo(0.25f);
        assertThat(Advice.of(advice.octets())).isEqualTo(advice);
        for (var kind : Kind.values()) {
            assertThat(Advice.of(Advice.of(kind).octets())).isEqualTo(Advice.of(kind));
            assertThat(Advice.of(kind).octets()).hasSize(3);
        }
        var wrong = read("{'decisions':[{'id':'ADA','channel':null,'score':1e300,'reason':7}]}")
                .get(ADA);
        assertThat(wrong).isEqualTo(Advice.of(Kind.DECLINED));
    }

    @Test
    void a_question_names_people_by_their_ids_alone_and_is_cut_into_parts() {
        var body = about(ADA).body(Instant.EPOCH).toJsonObject();
        assertThat(body.getString("type")).isEqualTo("decision.requested");
        assertThat(body.getJsonObject("data").getJsonArray("people").getJsonObject(0))
                .isEqualTo(new JsonObject()
                        .put("id", ADA.toString())
                        .put("localTime", "2026-11-02T10:00:00+01:00")
                        .put("channels", new JsonObject().put("webpush", new JsonObject().putNull("score"))));
        var many = IntStream.range(0, 7).mapToObj(n -> new UUID(1, n)).toArray(UUID[]::new);
        var parts = about(many).parts(3);
        assertThat(parts.stream().map(part -> part.people().size())).containsExactly(3, 3, 1);
        assertThat(parts.stream().flatMap(part -> part.people().stream()).map(Question.Person::id))
                .containsExactly(many);
    }
}
