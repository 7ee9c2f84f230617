package app.fathi.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The check that every other test relies on must itself be able to fail. */
class AnswerCheckTest {
    private static final AnswerCheck CHECK = new AnswerCheck();
    private static final String ID = "5bZ0x1n2kQ8rT4wZ";
    private static final String KEY = "{\"id\":\"01932f0e-7b30-7111-9c7a-64e0f4b1a2c3\",\"publicKey\":\"BCVx\"}";
    private static final String PROBLEM =
            """
            {"type":"/docs/errors/not_found","title":"There is no such thing here","status":404,"detail":"No.",\
            "instance":"%s","code":"not_found","requestId":"5bZ0x1n2kQ8rT4wZ"}""";

    private static List<String> faults(
            String method, String path, int status, String type, String body, String... header) {
        var headers = new java.util.HashMap<String, List<String>>(
                Map.of("x-request-id", List.of(ID), "ratelimit", List.of("\"api\";r=99;t=1")));
        if (type != null) {
            headers.put("content-type", List.of(type));
        }
        for (int i = 0; i < header.length; i += 2) {
            headers.put(header[i], List.of(header[i + 1]));
        }
        return CHECK.faults(method, path, new TestServer.Answer(status, headers, body));
    }

    private static List<String> key(int status, String type, String body, String... header) {
        return faults("GET", "/api/v1/webpush/key", status, type, body, header);
    }

    private static List<String> missing(String path, String body) {
        return faults("GET", path, 404, "application/problem+json", body);
    }

    @Test
    void an_answer_as_the_contract_says_passes() {
        assertThat(key(200, "application/json", KEY)).isEmpty();
        assertThat(faults("POST", "/api/v1/auth/logout", 204, null, "")).isEmpty();
        var path = "/api/v1/webpush/messages/1";
        assertThat(missing(path, PROBLEM.formatted(path))).isEmpty();
        assertThat(missing("/nowhere", PROBLEM.formatted("/nowhere"))).isEmpty();
    }

    @Test
    void what_the_contract_does_not_know_is_refused() {
        assertThat(key(202, "application/json", KEY)).anyMatch(fault -> fault.contains("status"));
        assertThat(key(200, "text/plain", KEY)).anyMatch(fault -> fault.contains("type"));
        assertThat(key(200, "application/json", KEY, "location", "/x")).anyMatch(fault -> fault.contains("Location"));
        assertThat(key(200, "application/json", KEY.replace("}", ",\"privateKey\":\"x\"}")))
                .anyMatch(fault -> fault.contains("privateKey"));
        assertThat(faults("POST", "/api/v1/auth/logout", 204, "application/json", "{}"))
                .anyMatch(fault -> fault.contains("no body"));
        var page =
                "{\"items\":[{\"id\":\"01932f10-11aa-7d3e-8f00-5a5b5c5d5e5f\",\"name\":\"n\",\"prefix\":\"p\",\"permissions\":[],"
                        + "\"createdAt\":\"2026-11-01T09:30:00Z\",\"expiresAt\":null,\"lastUsedAt\":null,\"version\":1,\"secret\":\"s\"}],\"nextCursor\":null}";
        assertThat(faults("GET", "/api/v1/api-keys", 200, "application/json", page))
                .as("in a list, too")
                .anyMatch(fault -> fault.contains("secret"));
    }

    @Test
    void what_the_contract_promises_must_be_there_and_fit() {
        assertThat(key(200, "application/json", "{\"id\":\"01932f0e-7b30-7111-9c7a-64e0f4b1a2c3\"}"))
                .anyMatch(fault -> fault.contains("publicKey"));
        assertThat(key(200, "application/json", KEY.replace("01932f0e-", "")))
                .anyMatch(fault -> fault.contains("uuid"));
        assertThat(key(200, "application/json", "<html>")).isNotEmpty();
        var workspace =
                """
                {"id":"01932f0e-7b1a-7cc2-8a55-0d9f2b1e4c6a","name":"Main","timezone":"UTC","language":"en","version":1,
                 "identityVerification":"off","twoFactorRequired":false,"sessionDays":30,"origins":[],
                 "serverOnlyEvents":[],"blockedIds":[],"purposes":[{"name":"marketing","description":""}],"linkHosts":[],"quota":{},"passwordSignIn":true,"retention":{},"fourEyes":false,"approvalLimit":null,
                 "mailSender":null,"createdAt":"2026-11-01T09:00:00Z","updatedAt":"2026-11-01T09:00:00Z"}""";
        var path = "/api/v1/workspaces/current";
        assertThat(faults("GET", path, 200, "application/json", workspace, "etag", "\"v1\""))
                .isEmpty();
        assertThat(faults("GET", path, 200, "application/json", workspace)).anyMatch(fault -> fault.contains("ETag"));
        assertThat(faults("GET", path, 200, "application/json", workspace, "etag", "W/1"))
                .anyMatch(fault -> fault.contains("ETag"));
    }

    @Test
    void a_failure_is_a_whole_problem_without_internals() {
        var path = "/api/v1/webpush/messages/1";
        var problem = PROBLEM.formatted(path);
        assertThat(faults("GET", path, 404, "text/html", "<h1>Not found</h1>")).isNotEmpty();
        assertThat(missing(path, problem.replace("\"title\"", "\"name\""))).isNotEmpty();
        assertThat(missing(path, problem.replace("not_found", "gone"))).isNotEmpty();
        assertThat(missing(path, problem.replace(ID, "other"))).isNotEmpty();
        assertThat(missing(path, problem.replace("\"No.\"", "\"java.lang.NullPointerException\"")))
                .isNotEmpty();
        assertThat(missing(path, problem.replace("\"No.\"", "\"SELECT id FROM x\"")))
                .isNotEmpty();
        assertThat(missing("/nowhere", PROBLEM.formatted("/elsewhere"))).isNotEmpty();
        assertThat(faults("GET", path, 500, "application/problem+json", problem.replace("404", "500")))
                .isNotEmpty();
    }
}
