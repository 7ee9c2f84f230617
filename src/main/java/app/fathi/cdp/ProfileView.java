package app.fathi.cdp;

import io.vertx.core.json.JsonObject;
import java.util.UUID;

/**
 * A person as other domains see one.
 *
 * @param no the small number of the ledgers
 * @param userId null for a visitor
 */
public record ProfileView(int no, UUID id, String userId, JsonObject traits) {}
