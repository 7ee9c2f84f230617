package app.fathi.templates;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The files of pictures, as everybody may see them who knows their address. A notification that goes to many has its picture
 * asked for by all of them in the same minute, so what was asked for last is kept in memory for a while.
 */
public final class Images {
    /** A picture that was deleted is served no longer than this. */
    private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{22}");

    /** By file: the media type. */
    private static final Map<String, String> TYPES = Map.of(
            Picture.ICON, "image/png",
            Picture.LARGE_ICON, "image/png",
            Picture.BADGE, "image/png",
            Picture.IMAGE, "image/jpeg");

    /** @param type its media type */
    public record File(String type, Buffer content) {}

    private record Kept(File file, long untilNanos) {}

    private final Pool pool;
    private final ImagesStore store = new ImagesStore();
    private final long cacheOctets;
    private final LinkedHashMap<String, Kept> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long octets;

    /** @param cacheBytes of files that are kept in memory */
    public Images(Pool pool, int cacheBytes) {
        this.pool = pool;
        this.cacheOctets = cacheBytes;
    }

    /** Empty for what there is not. */
    public Future<Optional<File>> file(String token, String name) {
        var type = TYPES.get(name);
        if (type == null || !TOKEN.matcher(token).matches()) {
            return Future.succeededFuture(Optional.empty());
        }
        var known = kept(token + "/" + name);
        return known != null
                ? Future.succeededFuture(Optional.of(known))
                : store.file(pool, token, name)
                        .map(found -> found.map(content -> {
                            var file = new File(type, content);
                            keep(token + "/" + name, file);
                            return file;
                        }));
    }

    private synchronized File kept(String key) {
        var known = kept.get(key);
        if (known != null && known.untilNanos - System.nanoTime() < 0) {
            drop(key);
            return null;
        }
        return known == null ? null : known.file;
    }

    private synchronized void keep(String key, File file) {
        drop(key);
        octets += file.content.length();
        kept.put(key, new Kept(file, System.nanoTime() + KEPT_NANOS));
        while (octets > cacheOctets && !kept.isEmpty()) {
            drop(kept.firstEntry().getKey());
        }
    }

    private void drop(String key) {
        var gone = kept.remove(key);
        if (gone != null) {
            octets -= gone.file.content.length();
        }
    }
}
