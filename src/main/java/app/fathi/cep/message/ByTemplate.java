package app.fathi.cep.message;

import io.vertx.core.json.JsonObject;
import java.util.UUID;

/**
 * A template that says what a message says.
 *
 * @param version an approved one; null for the active one
 * @param language in which everybody is told; null for each one's own
 * @param variables what the message gives for everybody; empty for nothing
 */
public record ByTemplate(UUID id, Long version, String language, JsonObject variables) {}
