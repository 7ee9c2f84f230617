package app.fathi.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import app.fathi.platform.http.Contract;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Inside {@code /api/v1} there are only additions: the contract is held to the one of the last release. {@code scripts/release}
 * puts that one down here, since a clone need not have the tags.
 */
class ContractCompatibilityTest {
    private static final Path RELEASED = Path.of("src/test/resources/released");
    private static final YAMLMapper YAML = new YAMLMapper();

    private static final String MESSAGE = "/components/schemas/MessageDraft";
    private static final String PROFILE = "/components/schemas/Profile";
    private static final String SEND = "/paths/~1api~1v1~1webpush~1messages/post";
    private static final String LIST = "/paths/~1api~1v1~1webpush~1messages/get";

    /** The only file there; its name says the version. */
    private static Path released() throws IOException {
        try (var files = Files.list(RELEASED)) {
            var all = files.toList();
            assertThat(all).as("the contract of the last release, and no other").hasSize(1);
            return all.getFirst();
        }
    }

    private static JsonNode contract() throws IOException {
        return new ObjectMapper().readTree(Contract.load().document().encode());
    }

    @Test
    void every_client_of_the_last_release_lives_on() throws IOException {
        assertThat(ContractBreaks.between(YAML.readTree(released().toFile()), contract()))
                .as("breaks: give the new thing another name, or make it optional, and keep the old one")
                .isEmpty();
    }

    @Test
    void the_copy_is_the_contract_of_the_newest_tag() throws Exception {
        var tag = git("tag", "--list", "v*", "--sort=-v:refname")
                .lines()
                .findFirst()
                .orElse("");
        assumeThat(tag).as("a tag of a release in this clone").isNotEmpty();
        assertThat(released().getFileName()).hasToString("openapi-" + tag.substring(1) + ".yaml");
        assertThat(Files.readString(released())).isEqualTo(git("show", tag + ":openapi.yaml"));
    }

    private static String git(String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(java.util.List.of("git"));
        command.addAll(java.util.List.of(arguments));
        var process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() == 0 ? out : "";
    }

    private static ObjectNode object(JsonNode contract, String pointer) {
        assertThat(contract.at(pointer).isObject()).as(pointer).isTrue();
        return (ObjectNode) contract.at(pointer);
    }

    private static ArrayNode array(JsonNode contract, String pointer) {
        assertThat(contract.at(pointer).isArray()).as(pointer).isTrue();
        return (ArrayNode) contract.at(pointer);
    }

    private static void drop(ArrayNode array, String value) {
        for (int i = 0; i < array.size(); i++) {
            if (array.get(i).asText().equals(value)) {
                array.remove(i);
                return;
            }
        }
        throw new AssertionError("there is no " + value + " in " + array);
    }

    /** Ways to break those who rely on the contract, and the words by which each is found. */
    private enum Break {
        PATH_REMOVED(
                "POST /v1/page: the operation is gone", c -> object(c, "/paths").remove("/v1/page")),
        OPERATION_REMOVED(
                "GET /api/v1/webpush/messages: the operation is gone",
                c -> object(c, "/paths/~1api~1v1~1webpush~1messages").remove("get")),
        OPERATION_RENAMED("POST /api/v1/webpush/messages: its operationId", c -> object(c, SEND)
                .put("operationId", "send")),
        OTHER_PERMISSION("it needs the permission messages:launch and no more messages:send", c -> object(c, SEND)
                .put("x-permission", "messages:launch")),
        PUBLIC_NO_MORE(
                "POST /api/v1/auth/login: it needs the permission authenticated",
                c -> object(c, "/paths/~1api~1v1~1auth~1login/post").put("x-permission", "authenticated")),
        CREDENTIAL_REMOVED(
                "the credential {\"writeKeyHeader\":[]} is taken no more",
                c -> array(c, "/paths/~1v1~1track/post/security").remove(1)),
        RECENT_SIGN_IN("it needs a recent sign-in", c -> object(c, SEND).put("x-recent-sign-in", true)),
        PARAMETER_REMOVED("GET /api/v1/webpush/messages: the parameter query ", c -> array(c, LIST + "/parameters")
                .remove(0)),
        PARAMETER_REQUIRED("GET /api/v1/webpush/messages: the parameter query site is required", c -> array(
                        c, LIST + "/parameters")
                .addObject()
                .put("name", "site")
                .put("in", "query")
                .put("required", true)
                .putObject("schema")
                .put("type", "string")),
        BODY_REQUIRED("POST /api/v1/webpush/keys/rotate: a body is required", c -> object(
                        c, "/paths/~1api~1v1~1webpush~1keys~1rotate/post/requestBody")
                .put("required", true)),
        MEDIA_TYPE_REMOVED(
                "POST /v1/track body: the media type text/plain is gone",
                c -> object(c, "/paths/~1v1~1track/post/requestBody/content").remove("text/plain")),
        REQUEST_PROPERTY_REQUIRED("the property topic is required", c -> array(c, MESSAGE + "/required")
                .add("topic")),
        REQUEST_PROPERTY_REMOVED("the property topic is gone", c -> object(c, MESSAGE + "/properties")
                .remove("topic")),
        REQUEST_TYPE_NARROWED("/userId: the type is [string] and was [null, string]", c -> object(
                        c, "/components/schemas/TrackingEvent/properties/userId")
                .put("type", "string")),
        REQUEST_ENUM_NARROWED(
                "the value [page] is taken no more",
                c -> drop(array(c, "/components/schemas/TrackingBatchItem/allOf/1/properties/type/enum"), "page")),
        REQUEST_LIMITED("/event: maxLength is 100 and was 200", c -> object(
                        c, "/components/schemas/TrackingEvent/properties/event")
                .put("maxLength", 100)),
        REQUEST_PATTERN(
                "/name: pattern is \"[a-z]+\"", c -> object(c, "/components/schemas/WorkspaceChange/properties/name")
                        .put("pattern", "[a-z]+")),
        REQUEST_CLOSED("other properties are taken no more", c -> object(c, "/components/schemas/TrackingEvent")
                .put("additionalProperties", false)),
        DEFAULT_CHANGED("/makeCurrent: the default is true and was false", c -> object(
                        c, "/components/schemas/RawPushKeyPair/properties/makeCurrent")
                .put("default", true)),
        FORM_REMOVED("the form PemPushKeyPair is taken no more", c -> array(c, "/components/schemas/PushKeyPair/oneOf")
                .remove(1)),
        RESPONSE_REMOVED("POST /api/v1/webpush/messages: the response 202 is gone", c -> object(c, SEND + "/responses")
                .remove("202")),
        RESPONSE_HEADER_REMOVED(
                "POST /api/v1/webpush/messages 202: the header Location is gone",
                c -> object(c, SEND + "/responses/202/headers").remove("Location")),
        RESPONSE_PROPERTY_REMOVED("the property traits is gone", c -> object(c, PROFILE + "/properties")
                .remove("traits")),
        RESPONSE_PROPERTY_OPTIONAL(
                "the property traits may be missing", c -> drop(array(c, PROFILE + "/required"), "traits")),
        RESPONSE_TYPE_WIDENED("/firstSeenAt: the type is [null, string] and was [string]", c -> object(
                        c, PROFILE + "/properties/firstSeenAt")
                .putArray("type")
                .add("string")
                .add("null")),
        RESPONSE_FORMAT_CHANGED(
                "/firstSeenAt: the format is \"date\" and was \"date-time\"",
                c -> object(c, PROFILE + "/properties/firstSeenAt").put("format", "date"));

        final String words;
        final Consumer<JsonNode> change;

        Break(String words, Consumer<JsonNode> change) {
            this.words = words;
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource(Break.class)
    void a_break_is_found(Break made) throws IOException {
        var before = contract();
        var after = contract();
        made.change.accept(after);
        assertThat(ContractBreaks.between(before, after))
                .anySatisfy(line -> assertThat(line).contains(made.words));
    }

    /** Ways to grow, which hurt nobody. */
    private enum Growth {
        OPERATION(c -> object(c, "/paths").set("/v1/more", object(c, "/paths/~1v1~1track"))),
        PARAMETER(c -> array(c, LIST + "/parameters")
                .addObject()
                .put("name", "site")
                .put("in", "query")
                .putObject("schema")
                .put("type", "string")),
        REQUEST_PROPERTY(
                c -> object(c, MESSAGE + "/properties").putObject("sound").put("type", "string")),
        REQUEST_TYPE_WIDENED(c -> object(c, "/components/schemas/WorkspaceChange/properties/name")
                .putArray("type")
                .add("string")
                .add("null")),
        REQUEST_ENUM_WIDENED(c -> array(c, "/components/schemas/TrackingBatchItem/allOf/1/properties/type/enum")
                .add("dream")),
        REQUEST_LIMIT_RAISED(c ->
                object(c, "/components/schemas/TrackingEvent/properties/event").put("maxLength", 300)),
        REQUEST_PROPERTY_OPTIONAL(c -> drop(array(c, MESSAGE + "/required"), "purpose")),
        RESPONSE_PROPERTY(
                c -> object(c, PROFILE + "/properties").putObject("households").put("type", "array")),
        RESPONSE_PROPERTY_REQUIRED(
                c -> array(c, "/components/schemas/Workspace/required").add("writeKey")),
        RESPONSE_ENUM_WIDENED(c -> array(c, "/components/schemas/AuditEvent/properties/result/enum")
                .add("unknown")),
        RESPONSE_TYPE_NARROWED(c -> object(c, PROFILE + "/properties/userId").put("type", "string")),
        PERMISSION_DROPPED(c -> object(c, SEND).put("x-permission", "authenticated")),
        FAILURE(c -> object(c, SEND + "/responses")
                .set("418", object(c, SEND + "/responses/400").deepCopy())),
        WORDS(c -> object(c, SEND).put("description", "Otherwise."));

        final Consumer<JsonNode> change;

        Growth(Consumer<JsonNode> change) {
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource(Growth.class)
    void growth_is_no_break(Growth made) throws IOException {
        var before = contract();
        var after = contract();
        made.change.accept(after);
        assertThat(after).isNotEqualTo(before);
        assertThat(ContractBreaks.between(before, after)).isEmpty();
    }
}
