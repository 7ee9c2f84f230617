package app.fathi.platform.db;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Pages of a list by keyset: a page's {@code nextCursor} holds the position of its last row, signed together with the
 * workspace, the operation and the filters, so it continues this list and no other. A store reads
 * {@link #limit(Call)} + 1 rows after the {@link Position}; {@link #page} makes the answer.
 *
 * <p>A position is not secret but it is not the caller's to change: base64url of HMAC-SHA256 cut to 16 octets, then JSON.
 */
public final class Cursor {
    /** What the contract's parameter {@code limit} says. */
    public static final int MAX_LIMIT = 200;

    private static final int DEFAULT_LIMIT = 50;
    private static final int TAG_OCTETS = 16;

    private final SecretKeySpec key;

    /** @param key {@code Secrets.derivedKey("cursor")} */
    public Cursor(byte[] key) {
        this.key = new SecretKeySpec(key, "HmacSHA256");
    }

    /** The columns of the last row of the page before, in the order of the list's sort. */
    public record Position(JsonArray values) {
        public long number(int index) {
            return values.getLong(index);
        }

        public String text(int index) {
            return values.getString(index);
        }

        public UUID uuid(int index) {
            return UUID.fromString(values.getString(index));
        }

        public OffsetDateTime time(int index) {
            return OffsetDateTime.parse(values.getString(index));
        }
    }

    /** How many items the caller wants on a page. */
    public static int limit(Call call) {
        return Math.clamp(call.parameters().getInteger("limit", DEFAULT_LIMIT), 1, MAX_LIMIT);
    }

    /** Where the call's page starts; empty for the first page; 400 for a cursor of another list, filter or workspace. */
    public Optional<Position> position(Call call) {
        var text = call.parameters().getString("cursor");
        if (text == null) {
            return Optional.empty();
        }
        try {
            var octets = Base64.getUrlDecoder().decode(text);
            var values = Arrays.copyOfRange(octets, Math.min(TAG_OCTETS, octets.length), octets.length);
            if (octets.length > TAG_OCTETS
                    && MessageDigest.isEqual(tag(call, values), Arrays.copyOf(octets, TAG_OCTETS))) {
                return Optional.of(new Position(new JsonArray(new String(values, StandardCharsets.UTF_8))));
            }
        } catch (IllegalArgumentException e) {
            // Not base64url: refused below like any other cursor that is not ours.
        }
        throw ProblemException.invalid(
                "cursor",
                "This cursor does not continue this list. Use nextCursor of the page before, with the same filters.");
    }

    /**
     * The answer {@code {items, nextCursor}}.
     *
     * @param rows up to {@code limit + 1} rows: one more than the page holds tells that there is a next page
     * @param position the sort columns of a row: numbers, texts, UUIDs or times
     */
    public <T> JsonObject page(Call call, List<T> rows, Function<T, JsonObject> item, Function<T, List<?>> position) {
        var limit = limit(call);
        var items = new JsonArray();
        rows.stream().limit(limit).map(item).forEach(items::add);
        var more = rows.size() > limit;
        return new JsonObject()
                .put("items", items)
                .put("nextCursor", more ? write(call, position.apply(rows.get(limit - 1))) : null);
    }

    /**
     * The same for a list whose store says itself where the next page begins.
     *
     * @param next the sort columns of the last row that was looked at; null when there is no next page
     */
    public <T> JsonObject pageUntil(Call call, List<T> rows, Function<T, JsonObject> item, List<?> next) {
        var items = new JsonArray();
        rows.stream().map(item).forEach(items::add);
        return new JsonObject().put("items", items).put("nextCursor", next == null ? null : write(call, next));
    }

    private String write(Call call, List<?> position) {
        var values = new JsonArray();
        position.forEach(value -> values.add(value instanceof Number ? value : value.toString()));
        var octets = values.encode().getBytes(StandardCharsets.UTF_8);
        var cursor = ByteBuffer.allocate(TAG_OCTETS + octets.length)
                .put(tag(call, octets))
                .put(octets);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(cursor.array());
    }

    private byte[] tag(Call call, byte[] values) {
        var filter = new TreeMap<>(call.parameters().getMap());
        filter.remove("cursor");
        filter.remove("limit");
        filter.values().removeIf(value -> value == null);
        var bound = new JsonArray()
                .add(call.ws())
                .add(call.operationId())
                .add(new JsonObject(filter))
                .encode();
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(bound.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return Arrays.copyOf(mac.doFinal(values), TAG_OCTETS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }
}
