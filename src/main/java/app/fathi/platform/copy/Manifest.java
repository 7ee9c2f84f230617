package app.fathi.platform.copy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;

/**
 * What a backup says of itself, before its tables.
 *
 * @param product the version of Fathi that made it
 * @param at the instant that it shows, by the database's clock
 * @param versions of the schema's migrations, in the order of their application
 * @param masterKey 32 octets in base64: what opens the secrets in the tables
 */
public record Manifest(String product, Instant at, List<String> versions, String masterKey, Layout layout) {
    private static final int FORMAT = 1;

    public Manifest {
        versions = List.copyOf(versions);
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("format", FORMAT)
                .put("product", product)
                .put("at", at.toString())
                .put("versions", new JsonArray(versions))
                .put("masterKey", masterKey)
                .put("tables", layout.toJson());
    }

    static Manifest of(JsonObject json) {
        if (json.getInteger("format", 0) != FORMAT) {
            throw new CopyException("its tables have format " + json.getValue("format") + ", this version reads format "
                    + FORMAT + ": use the version of Fathi that made it, or a newer one");
        }
        return new Manifest(
                json.getString("product"),
                Instant.parse(json.getString("at")),
                json.getJsonArray("versions").stream().map(String.class::cast).toList(),
                json.getString("masterKey"),
                Layout.of(json.getJsonArray("tables")));
    }

    /** Without the key: it may end in a log. */
    @Override
    public String toString() {
        return "Manifest[product=" + product + ", at=" + at + "]";
    }
}
